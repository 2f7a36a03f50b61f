//! Configuration: flags over environment over file over defaults, one set of names for all of them.
//!
//! The names are those of the clap flags. Values from the environment and the file are handed to clap as if they had been
//! typed, so that there is one parser and one message for each of them.

use std::collections::HashMap;
use std::error::Error as _;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::run::Service;
use crate::settings::Settings;

/// Exit code of a service whose configuration is not usable (`EX_USAGE` of sysexits.h).
pub(crate) const EXIT_CODE: u8 = 64;

/// A configuration that is not usable: one sentence that names the key, the value and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// An error with this sentence. A service's main function returns it for what only it can check; the process then ends
    /// with exit code 64.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Asked<C> {
    /// To run with this configuration.
    Run(Box<Settings>, C),
    /// To print this and end well.
    Print(String),
}

/// Where a value that clap saw as a flag really came from.
enum Source {
    Environment(String),
    File(PathBuf),
}

/// Reads the configuration. `environment` looks a variable up.
pub(crate) fn parse<C: Args>(
    service: &Service,
    argv: Vec<OsString>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<Asked<C>, ConfigError> {
    let command = command::<C>(service);
    // What was typed, whether or not the rest makes sense: the rest may be elsewhere.
    let typed = command.clone().ignore_errors(true).try_get_matches_from(&argv).ok();
    let is_typed = |arg: &Arg| {
        typed.as_ref().is_some_and(|m| m.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine))
    };
    let file = match config_file(typed.as_ref(), &environment) {
        Some(path) => Some((read_file(&path, &command)?, path)),
        None => None,
    };

    let mut sources = HashMap::new();
    let mut added = Vec::new();
    for (arg, name) in configurable(&command) {
        if is_typed(arg) {
            continue;
        }
        let variable = variable_of(name);
        let (values, source) = match (environment(&variable), &file) {
            (Some(value), _) => (vec![value], Source::Environment(variable)),
            (None, Some((values, path))) => match values.get(name) {
                Some(values) => (values.iter().map(OsString::from).collect(), Source::File(path.clone())),
                None => continue,
            },
            (None, None) => continue,
        };
        added.extend(as_arguments(arg, name, values, &source)?);
        sources.insert(name.to_owned(), source);
    }
    let mut full = argv;
    let after_program = full.len().min(1);
    full.splice(after_program..after_program, added);

    let matches = match command.clone().try_get_matches_from(full) {
        Ok(matches) => matches,
        Err(e) if matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return Ok(Asked::Print(e.render().to_string()));
        }
        Err(e) => return Err(explain(&e, &sources)),
    };
    let read_error = |e: clap::Error| explain(&e, &sources);
    let settings = Settings::from_arg_matches(&matches).map_err(read_error)?;
    let service_args = C::from_arg_matches(&matches).map_err(read_error)?;
    if settings.print_config {
        return Ok(Asked::Print(print(&command, &matches, &sources)));
    }
    Ok(Asked::Run(Box::new(settings), service_args))
}

fn command<C: Args>(service: &Service) -> Command {
    let command = Settings::augment_args(C::augment_args(Command::new(service.name)))
        .version(service.version)
        // After the arguments: their structs' own descriptions would take its place.
        .about(service.about)
        .long_about(None)
        .after_help(
            "Every flag can also be given as the environment variable shown, or as a key in the --config file.",
        );
    let names: Vec<_> = configurable(&command).map(|(arg, name)| (arg.get_id().clone(), variable_of(name))).collect();
    names.into_iter().fold(command, |command, (id, variable)| {
        command.mut_arg(id, |arg| {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            arg.help(format!("{help} [env: {variable}]"))
        })
    })
}

/// Flags that can be given elsewhere too. `--config` can come from the environment only: [`config_file`] sees to it.
fn configurable(command: &Command) -> impl Iterator<Item = (&Arg, &str)> {
    command.get_arguments().filter_map(|arg| {
        let name = arg.get_long()?;
        let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append | ArgAction::SetTrue);
        (takes && !matches!(name, "config" | "print-config")).then_some((arg, name))
    })
}

fn variable_of(name: &str) -> String {
    format!("BOTSTREAM_{}", name.replace('-', "_").to_ascii_uppercase())
}

fn config_file(typed: Option<&ArgMatches>, environment: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    typed
        .and_then(|matches| matches.get_one::<PathBuf>("config").cloned())
        .or_else(|| environment(&variable_of("config")).map(PathBuf::from))
}

fn read_file(path: &Path, command: &Command) -> Result<HashMap<String, Vec<String>>, ConfigError> {
    let refuse = |what: String| ConfigError(format!("config = {}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| refuse(format!("cannot be read: {e}")))?;
    let table: toml::Table =
        text.parse().map_err(|e: toml::de::Error| refuse(e.to_string().trim_end().replace('\n', " ")))?;
    let mut values = HashMap::new();
    for (key, value) in table {
        let name = key.replace('_', "-");
        if !configurable(command).any(|(_, known)| known == name) {
            let known: Vec<_> = configurable(command).map(|(_, known)| known).collect();
            return Err(refuse(unknown_key(&key, &known)));
        }
        let texts = match value {
            toml::Value::Array(items) => items.into_iter().map(scalar).collect::<Option<Vec<_>>>(),
            single => scalar(single).map(|text| vec![text]),
        };
        let texts =
            texts.ok_or_else(|| refuse(format!("{key}: use a string, a number, true, false, or a list of them")))?;
        values.insert(name, texts);
    }
    Ok(values)
}

fn unknown_key(key: &str, known: &[&str]) -> String {
    const SIMILARITY_MIN: f64 = 0.75;
    let nearest = known
        .iter()
        .map(|name| (strsim::jaro_winkler(&key.replace('_', "-"), name), name))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, name)) => format!("unknown key {key:?}; did you mean {name:?}?"),
        None => format!("unknown key {key:?}; known are {}", known.join(", ")),
    }
}

fn scalar(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(n) => Some(n.to_string()),
        toml::Value::Float(n) => Some(n.to_string()),
        toml::Value::Boolean(b) => Some(b.to_string()),
        toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => None,
    }
}

fn as_arguments(arg: &Arg, name: &str, values: Vec<OsString>, source: &Source) -> Result<Vec<OsString>, ConfigError> {
    if !matches!(arg.get_action(), ArgAction::SetTrue) {
        return Ok(values.into_iter().map(|value| join(name, &value)).collect());
    }
    let text = values.first().map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Ok(vec![OsString::from(format!("--{name}"))]),
        "false" | "0" | "no" | "" => Ok(Vec::new()),
        _ => Err(ConfigError(format!("{name} = {text:?}{} is not allowed; use true or false", origin(Some(source))))),
    }
}

fn join(name: &str, value: &OsStr) -> OsString {
    let mut argument = OsString::from(format!("--{name}="));
    argument.push(value);
    argument
}

fn origin(source: Option<&Source>) -> String {
    match source {
        None => String::new(),
        Some(Source::Environment(variable)) => format!(" (from {variable})"),
        Some(Source::File(path)) => format!(" (from {})", path.display()),
    }
}

/// clap's error as one sentence.
fn explain(error: &clap::Error, sources: &HashMap<String, Source>) -> ConfigError {
    let text_of = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) if !texts.is_empty() => Some(texts.join(", ")),
        _ => None,
    };
    let bare = |text: &str| {
        let name = text.split_whitespace().next().unwrap_or_default();
        name.trim_start_matches("--").to_owned()
    };
    let name = text_of(ContextKind::InvalidArg).map(|arg| bare(&arg));
    let value = text_of(ContextKind::InvalidValue).unwrap_or_default();
    let from = origin(name.as_ref().and_then(|name| sources.get(name)));
    let sentence = match (error.kind(), name) {
        (ErrorKind::InvalidValue, Some(name)) => {
            let allowed = text_of(ContextKind::ValidValue).unwrap_or_else(|| "a value".to_owned());
            format!("{name} = {value:?}{from} is not allowed; use one of {allowed}")
        }
        (ErrorKind::ValueValidation, Some(name)) => {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            format!("{name} = {value:?}{from} is not allowed: {reason}")
        }
        (ErrorKind::MissingRequiredArgument, Some(name)) => {
            let variable = variable_of(&name);
            format!("{name} is missing: give --{name}, {variable}, or {name} in the configuration file")
        }
        _ => {
            let text = error.render().to_string();
            let line = text.lines().next().unwrap_or_default();
            line.trim_start_matches("error: ").to_owned()
        }
    };
    ConfigError(sentence)
}

fn print(command: &Command, matches: &ArgMatches, sources: &HashMap<String, Source>) -> String {
    let mut out = String::new();
    for (arg, name) in configurable(command) {
        let id = arg.get_id().as_str();
        let origin = match (matches.value_source(id), sources.get(name)) {
            (Some(ValueSource::DefaultValue), _) => "default".to_owned(),
            (_, Some(Source::Environment(variable))) => variable.clone(),
            (_, Some(Source::File(path))) => path.display().to_string(),
            (Some(_), None) => format!("--{name}"),
            (None, None) => continue,
        };
        let values: Vec<String> = if matches!(arg.get_action(), ArgAction::SetTrue) {
            vec![matches.get_flag(id).to_string()]
        } else {
            let raw = matches.get_raw(id).into_iter().flatten();
            raw.map(|value| literal(&without_password(&value.to_string_lossy()))).collect()
        };
        let value = match values.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        // Writing to a String cannot fail.
        writeln!(out, "{name} = {value}  # {origin}").ok();
    }
    out
}

fn literal(text: &str) -> String {
    if text.parse::<i64>().is_ok() {
        return text.to_owned();
    }
    toml::Value::from(text).to_string()
}

/// URLs may carry a password; nothing printed or logged does.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}"),
        None => url.to_owned(),
    }
}

/// Reads a time such as `500ms`, `30s`, `2m` or `1h`; for the `value_parser` of a flag.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let refused = || "use a number and a unit, e.g. 500ms, 30s, 2m or 1h".to_owned();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| refused())?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(refused()),
    };
    let ms = number.checked_mul(unit_ms).ok_or_else(refused)?;
    Ok(Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::LogFormat;

    #[derive(Debug, Clone, Args)]
    struct Extra {
        /// How many.
        #[arg(long, default_value_t = 3)]
        calls_max: u32,
        /// Where.
        #[arg(long)]
        place: String,
    }

    const SERVICE: Service = Service { name: "example", version: "1.2.3", about: "An example." };

    fn parsed(args: &[&str], variables: &[(&str, &str)]) -> Result<Asked<Extra>, ConfigError> {
        let argv = std::iter::once("example").chain(args.iter().copied()).map(OsString::from);
        parse::<Extra>(&SERVICE, argv.collect(), |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    fn runs(args: &[&str], variables: &[(&str, &str)]) -> (Settings, Extra) {
        match parsed(args, variables).unwrap() {
            Asked::Run(settings, extra) => (*settings, extra),
            Asked::Print(text) => panic!("printed {text}"),
        }
    }

    fn refused(args: &[&str], variables: &[(&str, &str)]) -> String {
        parsed(args, variables).unwrap_err().to_string()
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn flags_win_over_environment_over_file_over_default() {
        let file =
            file("calls-max = 5\nplace = \"file\"\nlog_format = \"json\"\nnats-url = [\"nats://a:1\", \"nats://b:2\"]");
        let path = file.path().to_str().unwrap();
        let (settings, extra) = runs(&["--config", path], &[]);
        assert_eq!((extra.calls_max, extra.place.as_str()), (5, "file"));
        assert_eq!(settings.log_format, LogFormat::Json);
        assert_eq!(settings.nats_url, ["nats://a:1", "nats://b:2"]);
        let variables = [("BOTSTREAM_CALLS_MAX", "6"), ("BOTSTREAM_PLACE", "env"), ("BOTSTREAM_CONFIG", path)];
        let (_, extra) = runs(&["--place", "flag"], &variables);
        assert_eq!((extra.calls_max, extra.place.as_str()), (6, "flag"));
        let (settings, extra) = runs(&["--place=x"], &[("BOTSTREAM_NATS_URL", "a:1,b:2")]);
        assert_eq!(extra.calls_max, 3);
        assert_eq!(settings.nats_url, ["nats://a:1", "nats://b:2"]);
    }

    #[test]
    fn switches_are_true_or_false_elsewhere() {
        let (settings, _) = runs(&["--place=x"], &[("BOTSTREAM_NATS_TLS_REQUIRED", "true")]);
        assert!(settings.nats_tls_required);
        let file = file("nats-tls-required = false");
        let (settings, _) = runs(&["--place=x", "--config", file.path().to_str().unwrap()], &[]);
        assert!(!settings.nats_tls_required);
        let sentence = refused(&["--place=x"], &[("BOTSTREAM_NATS_TLS_REQUIRED", "maybe")]);
        assert_eq!(
            sentence,
            r#"nats-tls-required = "maybe" (from BOTSTREAM_NATS_TLS_REQUIRED) is not allowed; use true or false"#
        );
    }

    #[test]
    fn a_wrong_value_names_key_value_source_and_what_is_allowed() {
        assert_eq!(
            refused(&["--place=x", "--log-format=yaml"], &[]),
            r#"log-format = "yaml" is not allowed; use one of text, json"#
        );
        assert_eq!(
            refused(&["--place=x"], &[("BOTSTREAM_DRAIN_LIMIT", "soon")]),
            r#"drain-limit = "soon" (from BOTSTREAM_DRAIN_LIMIT) is not allowed: use a number and a unit, e.g. 500ms, 30s, 2m or 1h"#
        );
        let file = file("calls-max = -1");
        let path = file.path().to_str().unwrap();
        assert_eq!(
            refused(&["--place=x", "--config", path], &[]),
            format!(r#"calls-max = "-1" (from {path}) is not allowed: -1 is not in 0..=4294967295"#)
        );
        assert_eq!(
            refused(&[], &[]),
            "place is missing: give --place, BOTSTREAM_PLACE, or place in the configuration file"
        );
        assert!(
            refused(&["--place=x", "--cluster=a.b"], &[]).starts_with(r#"cluster = "a.b" is not allowed: use 1 to 64"#)
        );
        assert!(refused(&["--plcae=x"], &[]).contains("--plcae"));
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let file = file("call-max = 1");
        let path = file.path().to_str().unwrap();
        assert_eq!(
            refused(&["--place=x", "--config", path], &[]),
            format!(r#"config = {path}: unknown key "call-max"; did you mean "calls-max"?"#)
        );
    }

    #[test]
    fn the_effective_configuration_can_be_printed_and_read_back() {
        let url = [("BOTSTREAM_NATS_URL", "nats://me:secret@h:1")];
        let Asked::Print(text) = parsed(&["--place=x", "--print-config"], &url).unwrap() else {
            panic!("did not print");
        };
        assert!(text.contains("place = \"x\"  # --place\n"), "{text}");
        assert!(text.contains("calls-max = 3  # default\n"), "{text}");
        assert!(text.contains("nats-url = \"nats://***@h:1\"  # BOTSTREAM_NATS_URL\n"), "{text}");
        assert!(!text.contains("secret"), "{text}");
        let file = file(&text);
        runs(&["--config", file.path().to_str().unwrap()], &[]);
    }

    #[test]
    fn help_names_the_environment() {
        let Asked::Print(text) = parsed(&["--help"], &[]).unwrap() else {
            panic!("did not print");
        };
        assert!(text.starts_with("An example.\n"), "{text}");
        assert!(text.contains("[env: BOTSTREAM_ADMIN_LISTEN]"), "{text}");
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(parse_duration("1500ms"), Ok(Duration::from_millis(1_500)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        for text in ["", "5", "s", "-1s", "5 s", "99999999999999999999h", "18446744073709551615h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
