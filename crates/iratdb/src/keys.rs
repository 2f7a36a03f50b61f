//! Keys as an application has them: in files, or in memory.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rsa;
use rustls_pki_types::pem::{self, PemObject, SectionKind};
use zeroize::Zeroizing;

use crate::core::cert::Credentials;
use crate::error::{Error, Result};

/// Bits of the smallest RSA key taken.
pub const KEY_BITS_MIN: usize = 3072;
/// A key file larger than this is none.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What a process may do with a database, proven by RSA keys. Clones share the keys. Nothing shows them.
///
/// A database has two key pairs: the *read* pair and the *write* pair, RSA of at least 3072 bits. Who has both private keys reads
/// and writes; who has the private read key and the public write key reads. `iractl keys new` makes them, as PEM files.
#[derive(Clone)]
pub struct Keys(Kind);

#[derive(Clone)]
enum Kind {
    Open,
    Private,
    Rsa(Credentials),
}

impl Keys {
    /// To read and write: both private keys, PKCS#8 or PKCS#1, in PEM or DER.
    pub fn read_write(write: impl AsRef<[u8]>, read: impl AsRef<[u8]>) -> Result<Self> {
        let write = private_key(write.as_ref()).map_err(named("the write key"))?;
        let read = private_key(read.as_ref()).map_err(named("the read key"))?;
        Self::of_pairs(write, read).map_err(named("the read key"))
    }

    /// To read only: the private read key, and the public write key (SPKI) to know who may write.
    pub fn read_only(read_private: impl AsRef<[u8]>, write_public: impl AsRef<[u8]>) -> Result<Self> {
        let read = private_key(read_private.as_ref()).map_err(named("the read key"))?;
        let write = public_key(write_public.as_ref()).map_err(named("the public write key"))?;
        Self::of_reader(read, &write).map_err(named("the public write key"))
    }

    /// The database stays in this process: nothing is sent, even if there is a NATS connection.
    pub fn private() -> Self {
        Self(Kind::Private)
    }

    /// No protection: who can use the cluster's subjects on NATS can read and write. For development.
    pub fn open() -> Self {
        Self(Kind::Open)
    }

    /// [`Keys::read_write`], from files.
    pub fn read_write_from_files(write: impl AsRef<Path>, read: impl AsRef<Path>) -> Result<Self> {
        let write_pair = private_key_file(write.as_ref())?;
        let read_pair = private_key_file(read.as_ref())?;
        Self::of_pairs(write_pair, read_pair).map_err(named(read.as_ref().display()))
    }

    /// [`Keys::read_only`], from files.
    pub fn read_only_from_files(read_private: impl AsRef<Path>, write_public: impl AsRef<Path>) -> Result<Self> {
        let read = private_key_file(read_private.as_ref())?;
        let path = write_public.as_ref();
        let write = load(path).and_then(|bytes| public_key(&bytes)).map_err(named(path.display()))?;
        Self::of_reader(read, &write).map_err(named(path.display()))
    }

    /// What a directory has for a database: `<database>.write.pem` and `<database>.read.pem` to read and write, or else
    /// `<database>.read.pem` and `<database>.write.pub.pem` to read.
    pub fn from_directory(directory: impl AsRef<Path>, database: &str) -> Result<Self> {
        let file = |kind: &str| directory.as_ref().join(format!("{database}.{kind}.pem"));
        let (write, read, write_public) = (file("write"), file("read"), file("write.pub"));
        if write.exists() {
            return Self::read_write_from_files(write, read);
        }
        if !read.exists() {
            let reason = format!("there is no {0}.write.pem and no {0}.read.pem", database);
            return Err(named(directory.as_ref().display())(KeyProblem::Unreadable(reason)));
        }
        Self::read_only_from_files(read, write_public)
    }

    fn of_pairs(write: rsa::KeyPair, read: rsa::KeyPair) -> Result<Self, KeyProblem> {
        if write.public().as_ref() == read.public().as_ref() {
            return Err(KeyProblem::SameKey);
        }
        Ok(Self(Kind::Rsa(Credentials::read_write(write, read))))
    }

    fn of_reader(read: rsa::KeyPair, write_public: &[u8]) -> Result<Self, KeyProblem> {
        if read.public().as_ref() == write_public {
            return Err(KeyProblem::SameKey);
        }
        Ok(Self(Kind::Rsa(Credentials::read_only(read, write_public))))
    }

    /// Whether the database may be written.
    pub fn may_write(&self) -> bool {
        !matches!(&self.0, Kind::Rsa(credentials) if !credentials.writes())
    }

    pub(crate) fn is_private(&self) -> bool {
        matches!(self.0, Kind::Private)
    }

    /// For [`crate::core::guard::Guard`]: the RSA keys, if there are any.
    pub fn credentials(&self) -> Option<&Credentials> {
        match &self.0 {
            Kind::Rsa(credentials) => Some(credentials),
            Kind::Open | Kind::Private => None,
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Open => f.write_str("Keys::open"),
            Kind::Private => f.write_str("Keys::private"),
            Kind::Rsa(credentials) => {
                let (read, write) = credentials.public();
                f.debug_struct(if credentials.writes() { "Keys::read_write" } else { "Keys::read_only" })
                    .field("read", &fingerprint(read))
                    .field("write", &fingerprint(write))
                    .finish()
            }
        }
    }
}

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// It can't be read.
    #[error("{0}")]
    Unreadable(String),
    /// It is not what it should be.
    #[error("expected {expected}, found {found}")]
    WrongKind {
        /// What is needed.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// It is no key that can be used.
    #[error("not a usable RSA key: {0}")]
    Rejected(String),
    /// It has too few bits.
    #[error("{bits} bits, at least {bits_min} are needed")]
    TooShort {
        /// How many it has.
        bits: usize,
        /// How many it must have.
        bits_min: usize,
    },
    /// Who may read could write.
    #[error("the read key and the write key are the same")]
    SameKey,
}

fn named(what: impl fmt::Display) -> impl FnOnce(KeyProblem) -> Error {
    move |problem| Error::Key { what: what.to_string(), problem }
}

/// What can be told of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyInfo {
    /// Whether it is a private key.
    pub private: bool,
    /// Its size.
    pub bits: usize,
    /// SHA-256 of the public key (SPKI), in base64: the same for both keys of a pair.
    pub fingerprint: String,
    /// The public key (SPKI), as PEM.
    pub public_pem: String,
}

impl KeyInfo {
    /// Of a private or public key, in PEM or DER.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyProblem> {
        let (private, public) = match private_key_of_any_size(bytes) {
            Ok(pair) => (true, pair.public().as_ref().to_vec()),
            Err(KeyProblem::WrongKind { .. }) => (false, public_key_of_any_size(bytes)?),
            Err(problem) => return Err(problem),
        };
        let bits = modulus_bits(&public).ok_or_else(|| KeyProblem::Rejected("its modulus can't be read".to_owned()))?;
        let body = STANDARD.encode(spki(&public));
        let lines = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
        let public_pem = format!("-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n");
        Ok(Self { private, bits, fingerprint: fingerprint(&public), public_pem })
    }

    /// Of a file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        load(path).and_then(|bytes| Self::read(&bytes)).map_err(named(path.display()))
    }
}

fn load(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    use std::io::Read;
    let failed = |error: std::io::Error| KeyProblem::Unreadable(error.to_string());
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(8 * 1024));
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(KeyProblem::Unreadable("too large for a key".to_owned()));
    }
    Ok(bytes)
}

fn private_key_file(path: &Path) -> Result<rsa::KeyPair> {
    load(path).and_then(|bytes| private_key(&bytes)).map_err(named(path.display()))
}

type Section = (SectionKind, Zeroizing<Vec<u8>>);

/// What is in the PEM; `None` if it is none.
fn section(bytes: &[u8]) -> Result<Option<Section>, KeyProblem> {
    if !bytes.windows(11).any(|part| part == b"-----BEGIN ") {
        return Ok(None);
    }
    match <(SectionKind, Vec<u8>)>::from_pem_slice(bytes) {
        Ok((kind, der)) => Ok(Some((kind, Zeroizing::new(der)))),
        Err(pem::Error::NoItemsFound) => Err(KeyProblem::WrongKind {
            expected: "an unencrypted RSA key",
            found: "something else in PEM: an encrypted key, perhaps".to_owned(),
        }),
        // The error would show what it could not decode.
        Err(_) => Err(KeyProblem::Rejected("the PEM is damaged".to_owned())),
    }
}

fn name_of(kind: SectionKind) -> String {
    match kind {
        SectionKind::PublicKey => "a public key",
        SectionKind::PrivateKey | SectionKind::RsaPrivateKey => "a private key",
        SectionKind::EcPrivateKey => "an elliptic-curve key",
        SectionKind::Certificate => "an X.509 certificate",
        _ => "something else in PEM",
    }
    .to_owned()
}

fn private_key(bytes: &[u8]) -> Result<rsa::KeyPair, KeyProblem> {
    let pair = private_key_of_any_size(bytes)?;
    check_size(pair.public().as_ref())?;
    Ok(pair)
}

fn private_key_of_any_size(bytes: &[u8]) -> Result<rsa::KeyPair, KeyProblem> {
    let rejected = |error: ring::error::KeyRejected| KeyProblem::Rejected(error.to_string());
    match section(bytes)? {
        Some((SectionKind::PrivateKey, der)) => rsa::KeyPair::from_pkcs8(&der).map_err(rejected),
        Some((SectionKind::RsaPrivateKey, der)) => rsa::KeyPair::from_der(&der).map_err(rejected),
        Some((kind, _)) => Err(KeyProblem::WrongKind { expected: "a private RSA key", found: name_of(kind) }),
        None => rsa::KeyPair::from_pkcs8(bytes).or_else(|_| rsa::KeyPair::from_der(bytes)).map_err(|_| {
            let found = if rsa_of_spki(bytes).is_some() { "a public key" } else { "neither PEM nor DER of one" };
            KeyProblem::WrongKind { expected: "a private RSA key", found: found.to_owned() }
        }),
    }
}

/// The `RSAPublicKey` in it.
fn public_key(bytes: &[u8]) -> Result<Vec<u8>, KeyProblem> {
    let public = public_key_of_any_size(bytes)?;
    check_size(&public)?;
    Ok(public)
}

fn public_key_of_any_size(bytes: &[u8]) -> Result<Vec<u8>, KeyProblem> {
    let rejected = || KeyProblem::Rejected("no RSA key in it".to_owned());
    match section(bytes)? {
        Some((SectionKind::PublicKey, der)) => rsa_of_spki(&der).map(<[u8]>::to_vec).ok_or_else(rejected),
        Some((kind, _)) => Err(KeyProblem::WrongKind { expected: "a public RSA key", found: name_of(kind) }),
        None => rsa_of_spki(bytes).map(<[u8]>::to_vec).ok_or_else(|| KeyProblem::WrongKind {
            expected: "a public RSA key",
            found: "neither PEM nor DER of one".to_owned(),
        }),
    }
}

fn check_size(public: &[u8]) -> Result<(), KeyProblem> {
    let bits = modulus_bits(public).unwrap_or(0);
    if bits < KEY_BITS_MIN {
        return Err(KeyProblem::TooShort { bits, bits_min: KEY_BITS_MIN });
    }
    Ok(())
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
/// `rsaEncryption` with its NULL (RFC 3279 §2.3.1).
const RSA_ALGORITHM: [u8; 13] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// Takes one DER element of this tag off the front. Gives its content and what follows.
fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        ..=0x7f => (usize::from(*first), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes(*rest.first_chunk::<2>()?)), rest.get(2..)?),
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    (*found == tag).then_some((content, rest))
}

fn put_element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        ..=0x7f => out.push(length as u8),
        0x80..=0xff => out.extend_from_slice(&[0x81, length as u8]),
        _ => out.extend_from_slice(&[0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(content);
    out
}

/// The `RSAPublicKey` (RFC 8017 §A.1.1) in a `SubjectPublicKeyInfo` (RFC 5280 §4.1).
fn rsa_of_spki(der: &[u8]) -> Option<&[u8]> {
    let (info, rest) = element(SEQUENCE, der)?;
    let (algorithm, key) = element(SEQUENCE, info)?;
    let (bits, end) = element(BIT_STRING, key)?;
    let (unused, public) = bits.split_first()?;
    let fits = rest.is_empty() && end.is_empty() && *unused == 0 && algorithm == RSA_ALGORITHM;
    (fits && modulus_bits(public).is_some()).then_some(public)
}

fn spki(public: &[u8]) -> Vec<u8> {
    let bits = put_element(BIT_STRING, &[&[0], public].concat());
    put_element(SEQUENCE, &[put_element(SEQUENCE, &RSA_ALGORITHM), bits].concat())
}

fn modulus_bits(public: &[u8]) -> Option<usize> {
    let (key, rest) = element(SEQUENCE, public)?;
    let (modulus, _exponent) = element(INTEGER, key)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(zeros)?;
    rest.is_empty().then_some((modulus.len() - zeros) * 8 - first.leading_zeros() as usize)
}

fn fingerprint(public: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest(&SHA256, &spki(public))))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::core::cert::fixtures::pem;

    static WRITE: LazyLock<String> = LazyLock::new(|| pem("write.pem"));
    static WRITE_PUBLIC: LazyLock<String> = LazyLock::new(|| pem("write.pub.pem"));
    static READ: LazyLock<String> = LazyLock::new(|| pem("read.pem"));

    fn problem(result: Result<Keys>) -> (String, KeyProblem) {
        match result {
            Err(Error::Key { what, problem }) => (what, problem),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_are_read_in_all_forms() {
        let der = |pem: &str| <(SectionKind, Vec<u8>)>::from_pem_slice(pem.as_bytes()).unwrap().1;
        let keys = Keys::read_write(der(&WRITE), der(&READ)).unwrap();
        assert!(keys.may_write());
        assert_eq!(format!("{keys:?}"), format!("{:?}", Keys::read_write(&*WRITE, &*READ).unwrap()));
        let reader = Keys::read_only(&*READ, der(&WRITE_PUBLIC)).unwrap();
        assert!(!reader.may_write());
        let (ours, theirs) = (keys.credentials().unwrap(), reader.credentials().unwrap());
        assert_eq!(ours.public(), theirs.public());
        let public = KeyInfo::read(WRITE_PUBLIC.as_bytes()).unwrap();
        let private = KeyInfo::read(WRITE.as_bytes()).unwrap();
        assert_eq!((private.private, private.bits), (true, 3072));
        assert_eq!((public.private, public.bits), (false, 3072));
        assert_eq!(public.fingerprint, private.fingerprint);
        assert_eq!(private.public_pem, *WRITE_PUBLIC);
        // PKCS#1 is what is inside PKCS#8.
        let pkcs8 = der(&READ);
        let (content, _) = element(SEQUENCE, &pkcs8).unwrap();
        let (_, rest) = element(INTEGER, content).unwrap();
        let (_, rest) = element(SEQUENCE, rest).unwrap();
        let (pkcs1, _) = element(0x04, rest).unwrap();
        assert!(Keys::read_write(&*WRITE, pkcs1).is_ok());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |result| problem(result).1;
        let short = wrong(Keys::read_write(&*WRITE, pem("short.pem")));
        assert_eq!(short, KeyProblem::TooShort { bits: 2048, bits_min: 3072 });
        assert_eq!(wrong(Keys::read_write(&*WRITE, &*WRITE)), KeyProblem::SameKey);
        assert_eq!(wrong(Keys::read_only(&*WRITE, &*WRITE_PUBLIC)), KeyProblem::SameKey);
        let (what, of_reader) = problem(Keys::read_only(&*READ, &*WRITE));
        assert_eq!(what, "the public write key");
        assert_eq!(of_reader.to_string(), "expected a public RSA key, found a private key");
        let public = wrong(Keys::read_write(&*WRITE_PUBLIC, &*READ)).to_string();
        assert_eq!(public, "expected a private RSA key, found a public key");
        let cut: String = READ.lines().take(1).chain(["AAAA\n"]).collect::<Vec<_>>().join("\n");
        for bad in [&b""[..], b"nonsense", cut.as_bytes(), &READ.as_bytes()[..900]] {
            assert!(Keys::read_write(&*WRITE, bad).is_err());
            assert!(Keys::read_only(&*READ, bad).is_err());
            assert!(KeyInfo::read(bad).is_err());
        }
        let damaged = READ.replace("MII", "MIJ");
        assert!(matches!(wrong(Keys::read_write(&*WRITE, damaged)), KeyProblem::Rejected(_)));
    }

    #[test]
    fn files_are_named_in_errors() {
        let directory = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        let (what, _) = problem(Keys::from_directory(directory.path(), "calls"));
        assert_eq!(what, directory.path().display().to_string());
        put("calls.read.pem", &READ);
        let (what, missing) = problem(Keys::from_directory(directory.path(), "calls"));
        assert!(what.ends_with("calls.write.pub.pem"), "{what}: {missing}");
        put("calls.write.pub.pem", &WRITE_PUBLIC);
        assert!(!Keys::from_directory(directory.path(), "calls").unwrap().may_write());
        put("calls.write.pem", &WRITE);
        assert!(Keys::from_directory(directory.path(), "calls").unwrap().may_write());
        put("calls.write.pem", "nothing");
        let (what, problem) = problem(Keys::from_directory(directory.path(), "calls"));
        assert!(what.ends_with("calls.write.pem"), "{what}: {problem}");
    }

    #[test]
    fn nothing_shows_a_key() {
        let body = |pem: &str| pem.lines().nth(3).unwrap().to_owned();
        let keys = Keys::read_write(&*WRITE, &*READ).unwrap();
        let shown = format!("{keys:?} {:?}", keys.credentials());
        assert!(shown.contains("SHA256:"));
        assert!(!shown.contains(&body(&WRITE)) && !shown.contains(&body(&READ)));
        let other = pem("other.read.pem");
        let damaged = other.replace("MII", "M!I");
        let error = format!("{:?}", Keys::read_write(&*WRITE, &damaged));
        assert!(!error.contains(&body(&other)) && !error.contains("M!I"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_are_no_key(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            proptest::prop_assert!(KeyInfo::read(&bytes).is_err());
            proptest::prop_assert!(Keys::read_only(&*READ, &bytes).is_err());
        }
    }
}
