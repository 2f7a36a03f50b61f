//! The telephony file: TOML tables `trunks`, `numbers`, `routes` and `bots`, each a list of the API's messages.

use std::fmt;

use botstream_api::{Bot, Number, Route, Trunk, from_value, subjects};
use botstream_state::secrets::{BotCredential, TrunkCredential};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::core::{check, credentials, trunk_credentials};

/// Largest file that is read: some 100,000 numbers.
pub(crate) const FILE_BYTES_MAX: usize = 16 << 20;

/// Problems that are told at once.
const PROBLEMS_MAX: usize = 20;

/// What a file says; valid, tenants and defaults filled in, in the order of the tables' keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Telephony {
    pub(crate) trunks: Vec<Trunk>,
    pub(crate) numbers: Vec<Number>,
    pub(crate) routes: Vec<Route>,
    pub(crate) bots: Vec<Bot>,
    /// What bots want to see, by tenant and URL.
    pub(crate) credentials: Vec<BotCredential>,
    /// What answers the trunks' challenges, by tenant, trunk and address.
    pub(crate) trunk_credentials: Vec<TrunkCredential>,
}

/// Everything that is wrong with a file; at least one sentence, each naming where, what, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    pub(crate) fn one(sentence: String) -> Self {
        Self(vec![sentence])
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => Ok(()),
            [only] => f.write_str(only),
            [first, rest @ ..] => write!(f, "{first} (and {} more)", rest.len()),
        }
    }
}

/// Collects problems as they are found.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<String>);

impl Findings {
    pub(crate) fn add(&mut self, place: impl fmt::Display, problem: impl fmt::Display) {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(format!("{place}: {problem}"));
        }
    }

    /// Notes why something was refused, if it was.
    pub(crate) fn check(&mut self, place: impl fmt::Display, checked: Result<(), impl fmt::Display>) {
        if let Err(problem) = checked {
            self.add(place, problem);
        }
    }
}

const TABLES: [&str; 4] = ["trunks", "numbers", "routes", "bots"];

impl Telephony {
    /// Reads a file.
    pub(crate) fn parse(text: &str) -> Result<Self, Problems> {
        let mut root: toml::Table =
            text.parse().map_err(|e: toml::de::Error| Problems::one(syntax_problem(text, &e)))?;
        let mut findings = Findings::default();
        let credentials = match root.get_mut("bots") {
            Some(toml::Value::Array(bots)) => {
                credentials::take(bots, |index, bot| place("bots", index, bot), &mut findings)
            }
            _ => Vec::new(),
        };
        let trunk_credentials = match root.get_mut("trunks") {
            Some(toml::Value::Array(trunks)) => {
                trunk_credentials::take(trunks, |index, trunk| place("trunks", index, trunk), &mut findings)
            }
            _ => Vec::new(),
        };
        let mut telephony = Self {
            credentials,
            trunk_credentials,
            trunks: read(&mut root, "trunks", &mut findings),
            numbers: read(&mut root, "numbers", &mut findings),
            routes: read(&mut root, "routes", &mut findings),
            bots: read(&mut root, "bots", &mut findings),
        };
        for key in root.keys() {
            findings.add(key, format!("is no table of this file; use one of {}", TABLES.join(", ")));
        }
        // What could not be read would be found missing by the checks.
        if findings.0.is_empty() {
            telephony.fill_in();
            check::check(&telephony, &mut findings);
        }
        if findings.0.is_empty() {
            telephony.sort();
            Ok(telephony)
        } else {
            Err(Problems(findings.0))
        }
    }

    fn fill_in(&mut self) {
        let tenants = self.trunks.iter_mut().map(|trunk| &mut trunk.tenant);
        let tenants = tenants.chain(self.numbers.iter_mut().map(|number| &mut number.tenant));
        let tenants = tenants.chain(self.routes.iter_mut().map(|route| &mut route.tenant));
        let tenants = tenants.chain(self.bots.iter_mut().map(|bot| &mut bot.tenant));
        for tenant in tenants.filter(|tenant| tenant.is_empty()) {
            subjects::DEFAULT_TENANT.clone_into(tenant);
        }
    }

    fn sort(&mut self) {
        let by = |a: (&String, &String), b: (&String, &String)| a.cmp(&b);
        self.trunks.sort_by(|a, b| by((&a.tenant, &a.name), (&b.tenant, &b.name)));
        self.routes.sort_by(|a, b| by((&a.tenant, &a.name), (&b.tenant, &b.name)));
        self.bots.sort_by(|a, b| by((&a.tenant, &a.name), (&b.tenant, &b.name)));
        self.numbers.sort_by(|a, b| (&a.tenant, &a.trunk, &a.number).cmp(&(&b.tenant, &b.trunk, &b.number)));
    }
}

/// The error's own text shows the line, and a token may be in it.
fn syntax_problem(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let message = error.message().trim_end().replace('\n', " ");
    before.map_or_else(|| message.clone(), |before| format!("line {}: {message}", before.matches('\n').count() + 1))
}

/// Takes one table out of the file.
fn read<M: DeserializeOwned>(root: &mut toml::Table, table: &str, findings: &mut Findings) -> Vec<M> {
    let items = match root.remove(table) {
        None => return Vec::new(),
        Some(toml::Value::Array(items)) => items,
        Some(_) => {
            findings.add(table, format!("is not a list of tables; begin each with [[{table}]]"));
            return Vec::new();
        }
    };
    let mut messages = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let place = place(table, index, &item);
        match json(item) {
            None => findings.add(&place, "dates are not allowed"),
            Some(value) => match from_value(value) {
                Ok(message) => messages.push(message),
                Err(e) => findings.add(&place, e.message),
            },
        }
    }
    messages
}

/// `trunks[1] "carrier"`: counted from 1, as people do.
fn place(table: &str, index: usize, item: &toml::Value) -> String {
    let name = ["name", "number"].iter().find_map(|key| item.get(key).and_then(toml::Value::as_str));
    match name {
        Some(name) => format!("{table}[{}] {name:?}", index + 1),
        None => format!("{table}[{}]", index + 1),
    }
}

fn json(value: toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::from(text),
        toml::Value::Integer(n) => Value::from(n),
        toml::Value::Float(n) => Value::from(n),
        toml::Value::Boolean(b) => Value::from(b),
        toml::Value::Datetime(_) => return None,
        toml::Value::Array(items) => items.into_iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        toml::Value::Table(table) => {
            let entries = table.into_iter().map(|(key, value)| Some((key, json(value)?)));
            Value::Object(entries.collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use botstream_api::trunk::{Codec, Transport};

    #[test]
    fn a_file_is_read() {
        let telephony = Telephony::parse(
            r#"
            [[trunks]]
            name = "carrier"
            addresses = ["192.0.2.0/24", "198.51.100.7"]
            peer = "sip.carrier.example:5060"
            transport = "tcp"
            codecs = ["pcma", "pcmu"]
            nat = true

            [[numbers]]
            number = "+4930*"
            route = "sales"

            [[routes]]
            name = "sales"
            bot = "agent"
            vars = { team = "a" }

            [[bots]]
            name = "agent"
            url = "wss://bots.example/agent"
            format = { encoding = "mulaw" }
            "#,
        )
        .unwrap();
        let trunk = &telephony.trunks[0];
        assert_eq!((trunk.tenant.as_str(), trunk.transport()), ("default", Transport::Tcp));
        assert_eq!(trunk.codecs().collect::<Vec<_>>(), [Codec::Pcma, Codec::Pcmu]);
        assert_eq!(telephony.routes[0].vars["team"], "a");
        assert_eq!(telephony.numbers[0].number, "+4930*");
    }

    #[test]
    fn an_empty_file_is_an_empty_configuration() {
        assert_eq!(Telephony::parse("").unwrap(), Telephony::default());
    }

    fn problems(text: &str) -> Vec<String> {
        let problems = Telephony::parse(text).unwrap_err();
        problems.iter().map(str::to_owned).collect()
    }

    #[test]
    fn typing_errors_name_place_key_and_what_is_allowed() {
        assert_eq!(
            problems("trunks = [{ name = \"a\", adresses = [] }]"),
            [r#"trunks[1] "a": unknown field "adresses"; did you mean "addresses"?"#]
        );
        assert_eq!(
            problems("[[trunks]]\nname = \"a\"\npeer = \"h:1\"\n[[trunks]]\nname = \"b\"\ntransport = \"sctp\""),
            [r#"trunks[2] "b": transport: "sctp" is not allowed; use one of udp, tcp"#]
        );
        assert_eq!(
            problems("trunk = []\n"),
            ["trunk: is no table of this file; use one of trunks, numbers, routes, bots"]
        );
        assert_eq!(problems("bots = 5"), ["bots: is not a list of tables; begin each with [[bots]]"]);
        assert_eq!(
            problems("bots = [{ name = \"x\", url = 5 }]"),
            [r#"bots[1] "x": url: is integer `5`, must be a string"#]
        );
        assert!(problems("trunks = [")[0].contains("line 1"), "{:?}", problems("trunks = ["));
    }

    #[test]
    fn many_problems_are_told_together_but_not_without_end() {
        let text = "[[bots]]\nx = 1\n".repeat(100);
        assert_eq!(problems(&text).len(), PROBLEMS_MAX);
        assert!(Telephony::parse(&text).unwrap_err().to_string().ends_with("(and 19 more)"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]a-z=\"{}, \n*+0-9.:/]{0,200}") {
            drop(Telephony::parse(&text));
        }
    }
}
