//! Who may read and who may write which database.
//!
//! The one place that knows. Key files enforce it: a process gets those of its row's databases and no others, and without a key
//! a database can't be read, without the write key not written.

use std::collections::BTreeSet;

use crate::{calls, cluster, config, dialing, load, secrets};

/// Every service. All write `cluster`: each has its own row there.
pub const SERVICES: &[&str] = &["botproxy", "dialer", "iratdbot", "media-switch", "trunk-manager"];

/// Who operates the cluster, with `iractl`: reads what is no secret, writes nothing.
pub const OPERATOR: &str = "operator";

/// What a holder of keys may do with a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Read it.
    Read,
    /// Read and write it.
    Write,
}

/// The rights to one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// Its name.
    pub database: &'static str,
    /// Who writes it, and reads it too.
    pub writers: &'static [&'static str],
    /// Who only reads it.
    pub readers: &'static [&'static str],
}

/// All databases.
pub const RIGHTS: &[Rights] = &[
    Rights {
        database: calls::NAME,
        writers: &["media-switch"],
        readers: &["botproxy", "dialer", "iratdbot", "trunk-manager", OPERATOR],
    },
    Rights { database: cluster::NAME, writers: SERVICES, readers: &[OPERATOR] },
    Rights {
        database: config::NAME,
        writers: &["trunk-manager"],
        readers: &["botproxy", "dialer", "iratdbot", "media-switch", OPERATOR],
    },
    Rights { database: dialing::NAME, writers: &["dialer"], readers: &["iratdbot", OPERATOR] },
    Rights {
        database: load::NAME,
        writers: &["botproxy", "dialer", "media-switch"],
        readers: &["iratdbot", "trunk-manager", OPERATOR],
    },
    // The one that not even the operator's tool reads.
    Rights { database: secrets::NAME, writers: &["trunk-manager"], readers: &["botproxy", "media-switch"] },
];

impl Rights {
    /// What somebody may do.
    pub fn of(&self, holder: &str) -> Option<Right> {
        if self.writers.contains(&holder) {
            return Some(Right::Write);
        }
        self.readers.contains(&holder).then_some(Right::Read)
    }
}

/// What somebody may do with a database.
pub fn right(holder: &str, database: &str) -> Option<Right> {
    RIGHTS.iter().find(|rights| rights.database == database)?.of(holder)
}

/// The databases that somebody opens, and what for.
pub fn of(holder: &str) -> impl Iterator<Item = (&'static str, Right)> {
    RIGHTS.iter().filter_map(move |rights| Some((rights.database, rights.of(holder)?)))
}

/// Everybody who has a right to something.
pub fn holders() -> BTreeSet<&'static str> {
    RIGHTS.iter().flat_map(|rights| rights.writers.iter().chain(rights.readers)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_for_three_services() {
        let with_secrets: Vec<_> =
            holders().into_iter().filter(|holder| right(holder, secrets::NAME).is_some()).collect();
        assert_eq!(with_secrets, ["botproxy", "media-switch", "trunk-manager"]);
        assert_eq!(right("trunk-manager", secrets::NAME), Some(Right::Write));
        assert_eq!(right("media-switch", secrets::NAME), Some(Right::Read));
    }

    #[test]
    fn a_dialer_reads_calls_and_writes_its_own() {
        let rights: Vec<_> = of("dialer").collect();
        let expected = [
            (calls::NAME, Right::Read),
            (cluster::NAME, Right::Write),
            (config::NAME, Right::Read),
            (dialing::NAME, Right::Write),
            (load::NAME, Right::Write),
        ];
        assert_eq!(rights, expected);
    }

    #[test]
    fn the_operator_writes_nothing() {
        assert!(of(OPERATOR).all(|(_, right)| right == Right::Read));
    }

    #[test]
    fn every_database_is_there_once_has_a_writer_and_can_be_opened() {
        let names: BTreeSet<_> = RIGHTS.iter().map(|rights| rights.database).collect();
        assert_eq!(names.len(), RIGHTS.len());
        for rights in RIGHTS {
            assert!(!rights.writers.is_empty());
            assert!(rights.readers.iter().all(|reader| !rights.writers.contains(reader)));
            assert_eq!(
                crate::options(rights.database).map(|options| options.name().to_owned()),
                Some(rights.database.to_owned())
            );
        }
        let services: BTreeSet<_> = SERVICES.iter().copied().chain([OPERATOR]).collect();
        assert_eq!(holders(), services);
    }
}
