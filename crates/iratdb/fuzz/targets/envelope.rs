//! The outside of a message of a database with keys, and certificates: nobody makes one that counts.
#![no_main]

use std::sync::OnceLock;

use iratdb::core::cert::Authority;
use iratdb::core::codec::{Certificate, Envelope, Sealed, Signed};
use iratdb_fuzz::{guards, write_seeds};
use libfuzzer_sys::fuzz_target;

fn seeds() -> Vec<Vec<u8>> {
    let talk = guards::record();
    talk.handshake.iter().chain(&talk.proven).chain(&talk.from_founder).map(|bytes| bytes.to_vec()).collect()
}

fn genuine() -> &'static [Certificate] {
    static GENUINE: OnceLock<Vec<Certificate>> = OnceLock::new();
    GENUINE.get_or_init(|| seeds().iter().filter_map(|bytes| certificate(&Envelope::read(bytes).ok()?)).collect())
}

fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| guards::credentials().authority(guards::database()))
}

fn certificate(envelope: &Envelope<'_>) -> Option<Certificate> {
    match envelope {
        Envelope::Offer(Signed { said, .. }) => Some(said.certificate.clone()),
        Envelope::Claim(Signed { said, .. }) => Some(said.certificate.clone()),
        Envelope::Proof(Signed { said, .. }) => Some(said.certificate.clone()),
        _ => None,
    }
}

fn signed<T>(encoded: Vec<u8>, message: &Signed<'_, T>) -> Vec<u8> {
    assert_eq!(encoded, message.body);
    [message.body, message.signature].concat()
}

fuzz_target!(init: write_seeds(seeds()), |bytes: &[u8]| {
    let Ok(envelope) = Envelope::read(bytes) else { return };
    let again = match &envelope {
        Envelope::Sealed(Sealed { seal, sealed, signature }) => [&seal.front(), *sealed, *signature].concat(),
        Envelope::Hello(hello) => hello.encode(),
        Envelope::Offer(message) => signed(message.said.encode(), message),
        Envelope::Claim(message) => signed(message.said.encode(), message),
        Envelope::Grant(message) => signed(message.said.encode(), message),
        Envelope::Challenge(challenge) => challenge.encode(),
        Envelope::Proof(message) => signed(message.said.encode(), message),
    };
    assert_eq!(again, bytes);
    if let Some(certificate) = certificate(&envelope)
        && authority().is_certified(&certificate)
    {
        // RSA-PSS signatures can't be changed either: there is one encoding of a number below the modulus.
        assert!(genuine().contains(&certificate), "forged: {certificate:?}");
    }
});
