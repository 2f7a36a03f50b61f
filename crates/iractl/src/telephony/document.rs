//! The YAML document.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use botstream_api::{Bot, Client, Number, Route, Trunk, from_value};
use serde::Serialize;
use serde_json::Value;

use super::kind::{self, Kind};

/// Everything of one tenant.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub(crate) struct Document {
    pub(crate) trunks: Vec<Trunk>,
    pub(crate) numbers: Vec<Number>,
    pub(crate) routes: Vec<Route>,
    pub(crate) bots: Vec<Bot>,
}

const LISTS: [&str; 4] = ["trunks", "numbers", "routes", "bots"];

impl Document {
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        // The limits of the parser are made for small files; how large ours may be is checked where they are read.
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_events: 10_000_000, max_nodes: 10_000_000, },
        };
        let root: Value = serde_saphyr::from_str_with_options(text, options)?;
        let mut root = match root {
            Value::Object(root) => root,
            Value::Null => return Ok(Self::default()),
            _ => bail!("is not a map of the lists {}", LISTS.join(", ")),
        };
        let document = Self {
            trunks: read(&mut root, "trunks")?,
            numbers: read(&mut root, "numbers")?,
            routes: read(&mut root, "routes")?,
            bots: read(&mut root, "bots")?,
        };
        if let Some(other) = root.keys().next() {
            bail!("{other:?} is no list of this file; use one of {}", LISTS.join(", "));
        }
        Ok(document)
    }

    /// What is in force.
    pub(crate) async fn of_cluster(client: &Client) -> anyhow::Result<Self> {
        let (trunks, numbers, routes, bots) =
            tokio::try_join!(kind::all(client), kind::all(client), kind::all(client), kind::all(client))?;
        Ok(Self { trunks, numbers, routes, bots })
    }

    pub(crate) fn to_yaml(&self) -> anyhow::Result<String> {
        fn bare<K: Kind>(objects: &[K]) -> Vec<K> {
            objects.iter().cloned().map(Kind::bare).collect()
        }
        let document = Self {
            trunks: bare(&self.trunks),
            numbers: bare(&self.numbers),
            routes: bare(&self.routes),
            bots: bare(&self.bots),
        };
        serde_saphyr::to_string(&document).context("it cannot be written as YAML")
    }
}

fn read<K: Kind>(root: &mut serde_json::Map<String, Value>, list: &str) -> anyhow::Result<Vec<K>> {
    let items = match root.remove(list) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => bail!("{list}: is not a list"),
    };
    let mut keys = BTreeSet::new();
    let mut objects = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        // Counted from 1, as people do.
        let place = format!("{list}[{}]", index + 1);
        for key in ["tenant", "revision"] {
            if item.get(key).is_some() {
                bail!(
                    "{place}: {key} is not for the file: the tenant is given by --tenant, the revision by the cluster"
                );
            }
        }
        if list == "trunks" && item.get("status").is_some() {
            bail!("{place}: status is not for the file: it is how the trunk is");
        }
        let object: K = from_value(item).map_err(|e| anyhow::anyhow!("{place}: {}", e.message))?;
        if !keys.insert(object.key()) {
            bail!("{place}: {} is there twice", object.title());
        }
        objects.push(object);
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        // Texts that look like something else in YAML.
        let texts = [
            "+4930",
            "0123",
            "1e3",
            "true",
            "null",
            "~",
            "*",
            "*a",
            "&a",
            "yes",
            "no",
            "- x",
            "a: b",
            "#",
            "",
            " ",
            "0x1F",
            "1_000",
            "2001-01-01",
            "é\n\tx",
        ];
        let mut document = Document::default();
        for text in texts {
            document.numbers.push(Number { number: text.into(), route: text.into(), ..Number::default() });
            document.routes.push(Route {
                name: text.into(),
                bot: text.into(),
                vars: [(text.into(), text.into())].into(),
                ..Route::default()
            });
        }
        document.trunks.push(Trunk {
            name: "t".into(),
            codecs: vec![2, 1],
            nat: true,
            addresses: vec!["10.0.0.0/8".into()],
            ..Trunk::default()
        });
        document.bots.push(Bot {
            name: "b".into(),
            url: "wss://h/".into(),
            format: Some(Default::default()),
            ..Bot::default()
        });
        assert_eq!(Document::parse(&document.to_yaml().unwrap()).unwrap(), document);
        assert_eq!(Document::parse("").unwrap(), Document::default());
        assert_eq!(Document::parse("trunks:\n").unwrap(), Document::default());
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, sentence) in [
            ("trunks:\n - name: a\n   pear: h:1", r#"trunks[1]: unknown field "pear"; did you mean "peer"?"#),
            ("trunk: []", r#""trunk" is no list of this file; use one of trunks, numbers, routes, bots"#),
            ("bots: 5", "bots: is not a list"),
            ("numbers:\n - number: \"1\"\n - number: \"1\"", "numbers[2]: number 1 is there twice"),
            (
                "numbers:\n - number: +4930123\n   route: r",
                "numbers[1]: number: is integer `4930123`, must be a string",
            ),
            (
                "trunks:\n - name: a\n   tenant: x",
                "trunks[1]: tenant is not for the file: the tenant is given by --tenant, the revision by the cluster",
            ),
        ] {
            assert_eq!(Document::parse(text).unwrap_err().to_string(), sentence, "{text}");
        }
        assert!(Document::parse("trunks: [").is_err());
    }
}
