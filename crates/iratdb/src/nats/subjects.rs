//! Where messages go: `ira.v1.<cluster>.r.<database>.all` and `….to.<writer>`, the database as a hash of its name; of one
//! with keys, a hash of name and public keys, which nobody without them can try names on.

use ring::digest::{SHA256, digest};

use crate::core::cert::DatabaseId;
use crate::core::engine::Destination;
use crate::core::ids::Writer;
use crate::core::secret::hash;

/// The subjects of one database.
#[derive(Debug, Clone)]
pub(super) struct Subjects {
    prefix: String,
}

impl Subjects {
    pub(super) fn new(cluster: &str, database: &str) -> Self {
        Self::of_hash(cluster, digest(&SHA256, format!("iratdb/1\0{cluster}\0{database}").as_bytes()).as_ref())
    }

    /// Of a database with keys.
    pub(super) fn with_keys(cluster: &str, database: DatabaseId) -> Self {
        Self::of_hash(cluster, &hash("iratdb/2 subject", &[&database.0]))
    }

    fn of_hash(cluster: &str, hash: &[u8]) -> Self {
        let short: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { prefix: format!("ira.v1.{cluster}.r.{short}") }
    }

    /// For everybody.
    pub(super) fn all(&self) -> String {
        format!("{}.all", self.prefix)
    }

    /// For one process.
    pub(super) fn one(&self, writer: Writer) -> String {
        format!("{}.to.{:016x}", self.prefix, writer.0)
    }

    /// For whom it is.
    pub(super) fn of(&self, destination: Destination) -> String {
        match destination {
            Destination::All => self.all(),
            Destination::One(writer) => self.one(writer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn do_not_show_the_databases_name() {
        let subjects = Subjects::new("main", "secrets");
        assert!(subjects.all().starts_with("ira.v1.main.r."));
        assert!(!subjects.all().contains("secrets"));
        assert_ne!(subjects.all(), Subjects::new("main", "calls").all());
        assert_ne!(subjects.all(), Subjects::new("other", "secrets").all());
    }
}
