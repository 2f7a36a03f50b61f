//! Who may: RSA keys of a database, and certificates for the Ed25519 keys of its processes.

use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, UnparsedPublicKey};

use super::codec::{Certificate, SIGNATURE_BYTES};
use super::ids::Writer;
use super::secret::{Secret, hash};

const CERTIFICATE: &str = "iratdb/2 certificate";
const READS: &str = "iratdb/2 may read";

/// Names a database among all: a hash of its name, its cluster's name and its public keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseId(pub [u8; 32]);

/// A signature could not be made. Does not happen with a key that could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signing failed")]
pub struct CannotSign;

/// The RSA keys of a database as far as this process has them: always the private read key, perhaps the private write key.
#[derive(Debug, Clone)]
pub struct Credentials {
    write: Option<Arc<rsa::KeyPair>>,
    read: Arc<rsa::KeyPair>,
    write_public: Arc<[u8]>,
}

fn public_of(pair: &rsa::KeyPair) -> &[u8] {
    pair.public().as_ref()
}

impl Credentials {
    /// For reading and writing.
    pub fn read_write(write: rsa::KeyPair, read: rsa::KeyPair) -> Self {
        Self { write_public: public_of(&write).into(), write: Some(Arc::new(write)), read: Arc::new(read) }
    }

    /// For reading. The public key is an `RSAPublicKey` (RFC 8017 §A.1.1) in DER.
    pub fn read_only(read: rsa::KeyPair, write_public: &[u8]) -> Self {
        Self { write: None, read: Arc::new(read), write_public: write_public.into() }
    }

    /// Whether there is a write key.
    pub fn writes(&self) -> bool {
        self.write.is_some()
    }

    /// The public read and write keys.
    pub fn public(&self) -> (&[u8], &[u8]) {
        (public_of(&self.read), &self.write_public)
    }

    /// The database of this name with these keys.
    pub fn database(&self, cluster: &str, name: &str) -> DatabaseId {
        let (read, write) = self.public();
        let length = |part: &str| (part.len() as u64).to_le_bytes();
        let parts: [&[u8]; 6] = [
            &length(cluster),
            cluster.as_bytes(),
            &length(name),
            name.as_bytes(),
            &hash("", &[read]),
            &hash("", &[write]),
        ];
        DatabaseId(hash("iratdb/2 database", &parts))
    }

    /// What a process needs to check others, and to prove that it may read. The write key is not in it.
    pub fn authority(&self, database: DatabaseId) -> Authority {
        Authority { database, read: Arc::clone(&self.read), write_public: Arc::clone(&self.write_public) }
    }

    /// Certifies a process: the only use of the write key.
    pub fn certify(&self, database: DatabaseId, writer: Writer, seed: &Secret) -> Result<Identity, CannotSign> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.bytes()).map_err(|_| CannotSign)?;
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        let mut certificate = Certificate { writer, writes: self.write.is_some(), public, signature: Box::default() };
        let signer = self.write.as_ref().unwrap_or(&self.read);
        certificate.signature = rsa_sign(signer, &certified(database, &certificate))?.into();
        Ok(Identity { pair: Arc::new(pair), certificate })
    }
}

fn certified(database: DatabaseId, certificate: &Certificate) -> [u8; 32] {
    let Certificate { writer, writes, public, signature: _ } = certificate;
    hash(CERTIFICATE, &[&database.0, &writer.0.to_le_bytes(), &[u8::from(*writes)], public])
}

fn rsa_sign(pair: &rsa::KeyPair, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
    let mut signature = vec![0; pair.public().modulus_len()];
    // The salt comes from the system: ring takes it from nowhere else. Nothing that is decided depends on it.
    pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature).map_err(|_| CannotSign)?;
    Ok(signature)
}

fn rsa_verify(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public).verify(message, signature).is_ok()
}

/// The keys to check others with, and the read key.
#[derive(Debug)]
pub struct Authority {
    database: DatabaseId,
    read: Arc<rsa::KeyPair>,
    write_public: Arc<[u8]>,
}

impl Authority {
    /// The database.
    pub fn database(&self) -> DatabaseId {
        self.database
    }

    /// Whether the database's write key, or for a reader its read key, has signed it.
    pub fn is_certified(&self, certificate: &Certificate) -> bool {
        let public = if certificate.writes { &self.write_public } else { public_of(&self.read) };
        rsa_verify(public, &certified(self.database, certificate), &certificate.signature)
    }

    /// Signs a handshake with the read key.
    pub fn sign_read(&self, transcript: &[u8; 32], joiner: &Certificate) -> Result<Vec<u8>, CannotSign> {
        rsa_sign(&self.read, &may_read(self.database, transcript, joiner))
    }

    /// Whether the read key has signed this handshake for this joiner.
    pub fn may_read(&self, transcript: &[u8; 32], joiner: &Certificate, signature: &[u8]) -> bool {
        rsa_verify(public_of(&self.read), &may_read(self.database, transcript, joiner), signature)
    }
}

fn may_read(database: DatabaseId, transcript: &[u8; 32], joiner: &Certificate) -> [u8; 32] {
    hash(READS, &[&database.0, transcript, &certified(database, joiner)])
}

/// A process's own key and its certificate.
#[derive(Debug, Clone)]
pub struct Identity {
    pair: Arc<Ed25519KeyPair>,
    /// The certificate.
    pub certificate: Certificate,
}

impl Identity {
    /// Signs what has been hashed.
    pub fn sign(&self, hashed: &[u8; 32]) -> [u8; SIGNATURE_BYTES] {
        let mut out = [0; SIGNATURE_BYTES];
        out.copy_from_slice(self.pair.sign(hashed).as_ref());
        out
    }
}

/// Whether the holder of a process's key has signed what has been hashed.
pub fn verify(public: &[u8; 32], hashed: &[u8; 32], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(hashed, signature).is_ok()
}

/// The keys that tests use.
#[cfg(any(test, feature = "simulator"))]
#[allow(clippy::unwrap_used, reason = "for tests, also where they are run by a program")]
pub(crate) mod fixtures {
    use super::*;
    use crate::keys::Keys;
    use crate::test_keys::file;

    #[cfg(test)]
    pub(crate) fn pem(name: &str) -> String {
        std::fs::read_to_string(file(name)).unwrap()
    }

    pub(crate) fn read_write() -> Credentials {
        let keys = Keys::read_write_from_files(file("write.pem"), file("read.pem"));
        keys.unwrap().credentials().unwrap().clone()
    }

    pub(crate) fn read_only() -> Credentials {
        let keys = Keys::read_only_from_files(file("read.pem"), file("write.pub.pem"));
        keys.unwrap().credentials().unwrap().clone()
    }

    #[cfg(test)]
    pub(crate) fn other() -> Credentials {
        let keys = Keys::read_write_from_files(file("other.write.pem"), file("other.read.pem"));
        keys.unwrap().credentials().unwrap().clone()
    }

    #[cfg(test)]
    /// A reader that gives itself out as a writer: as if its read key were the write key.
    pub(crate) fn forger() -> Credentials {
        let Credentials { read, .. } = read_only();
        Credentials { write: Some(Arc::clone(&read)), read, write_public: read_write().write_public }
    }
}

#[cfg(test)]
mod tests {
    use super::fixtures::{forger, other, read_only, read_write};
    use super::*;

    #[test]
    fn only_the_write_key_makes_writers() {
        let writer = read_write();
        let database = writer.database("main", "calls");
        let authority = read_only().authority(database);
        let seed = Secret::new([3; 32]);
        let good = writer.certify(database, Writer(1), &seed).unwrap().certificate;
        assert!(good.writes && authority.is_certified(&good));
        for certificate in [
            Certificate { writer: Writer(2), ..good.clone() },
            Certificate { writes: false, ..good.clone() },
            Certificate { public: [4; 32], ..good.clone() },
            Certificate { signature: good.signature[1..].into(), ..good },
            forger().certify(database, Writer(1), &seed).unwrap().certificate,
            other().certify(database, Writer(1), &seed).unwrap().certificate,
            writer.certify(writer.database("main", "secrets"), Writer(1), &seed).unwrap().certificate,
        ] {
            assert!(!authority.is_certified(&certificate), "{certificate:?}");
        }
        let reader = read_only().certify(database, Writer(1), &seed).unwrap().certificate;
        assert!(!reader.writes && authority.is_certified(&reader));
    }

    #[test]
    fn databases_differ_by_name_cluster_and_keys() {
        let keys = read_write();
        assert_eq!(keys.database("main", "calls"), read_only().database("main", "calls"));
        let all = [
            keys.database("main", "calls"),
            keys.database("main", "call"),
            keys.database("mainc", "alls"),
            other().database("main", "calls"),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(all.iter().skip(index + 1).all(|other| other != one));
        }
    }

    #[test]
    fn a_reading_right_is_for_one_handshake_of_one_joiner() {
        let keys = read_write();
        let database = keys.database("main", "calls");
        let authority = keys.authority(database);
        let joiner = read_only().certify(database, Writer(1), &Secret::new([3; 32])).unwrap().certificate;
        let signature = authority.sign_read(&[1; 32], &joiner).unwrap();
        assert!(authority.may_read(&[1; 32], &joiner, &signature));
        assert!(!authority.may_read(&[2; 32], &joiner, &signature));
        assert!(!authority.may_read(&[1; 32], &Certificate { public: [9; 32], ..joiner.clone() }, &signature));
        assert!(!other().authority(database).may_read(&[1; 32], &joiner, &signature));
    }
}
