//! SQL values as JSON and back.
//!
//! | SQL | JSON |
//! |---|---|
//! | NULL | `null` |
//! | INTEGER within ± 2^53 | a number; beyond, a string of digits, because many JSON readers lose the last ones |
//! | REAL | a number; `{"$real": "inf"}`, `{"$real": "-inf"}` for what JSON lacks |
//! | TEXT | a string |
//! | BLOB | `{"$blob": "<base64>"}` |
//!
//! As a parameter, a whole number is an INTEGER, any other a REAL, `true` and `false` are 1 and 0, and `{"$int": "<digits>"}` is an
//! INTEGER that the client's JSON writer would lose digits of.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use botstream_api::Error;
use iratdb::rusqlite::types::{Value as Sql, ValueRef};
use serde_json::{Map, Value as Json, json};

/// Largest integer that every JSON reader keeps exactly (RFC 8259 §6).
const EXACT_MAX: u64 = 1 << 53;

/// What a value of the database is in JSON.
pub(crate) fn to_json(value: ValueRef<'_>) -> Json {
    match value {
        ValueRef::Null => Json::Null,
        ValueRef::Integer(number) if number.unsigned_abs() <= EXACT_MAX => json!(number),
        ValueRef::Integer(number) => json!(number.to_string()),
        ValueRef::Real(number) if number.is_finite() => json!(number),
        // SQLite turns NaN into NULL, so what is left is infinite.
        ValueRef::Real(number) => json!({"$real": if number > 0.0 { "inf" } else { "-inf" }}),
        ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => json!({"$blob": BASE64.encode(bytes)}),
    }
}

/// The same, of a value that stands for itself.
pub(crate) fn owned_to_json(value: &iratdb::Value) -> Json {
    match value {
        iratdb::Value::Null => Json::Null,
        iratdb::Value::Integer(number) => to_json(ValueRef::Integer(*number)),
        iratdb::Value::Real(number) => to_json(ValueRef::Real(*number)),
        iratdb::Value::Text(text) => to_json(ValueRef::Text(text)),
        iratdb::Value::Blob(bytes) => to_json(ValueRef::Blob(bytes)),
    }
}

/// What a parameter is to SQLite.
pub(crate) fn from_json(value: Json, field: &str) -> Result<Sql, Error> {
    match value {
        Json::Null => Ok(Sql::Null),
        Json::Bool(flag) => Ok(Sql::Integer(flag.into())),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Ok(Sql::Integer(integer)),
            (None, Some(real)) if !number.is_u64() => Ok(Sql::Real(real)),
            _ => Err(Error::invalid(field, format!("{number} is no 64-bit integer"))),
        },
        Json::String(text) => Ok(Sql::Text(text)),
        Json::Object(object) => tagged(object, field),
        Json::Array(_) => Err(Error::invalid(field, "a list is no SQL value; bind its items one by one")),
    }
}

fn tagged(object: Map<String, Json>, field: &str) -> Result<Sql, Error> {
    let expected = || {
        let sentence = r#"an object here is {"$blob": "<base64>"}, {"$int": "<digits>"} or {"$real": "inf"}"#;
        Error::invalid(field, sentence)
    };
    let mut entries = object.into_iter();
    let (Some((tag, Json::String(text))), None) = (entries.next(), entries.next()) else { return Err(expected()) };
    match tag.as_str() {
        "$blob" => {
            let decoded = BASE64.decode(text.as_bytes());
            decoded.map(Sql::Blob).map_err(|e| Error::invalid(field, format!("$blob is not base64: {e}")))
        }
        "$int" => {
            let parsed = text.parse();
            parsed.map(Sql::Integer).map_err(|_| Error::invalid(field, format!("{text:?} is no 64-bit integer")))
        }
        "$real" if text == "inf" => Ok(Sql::Real(f64::INFINITY)),
        "$real" if text == "-inf" => Ok(Sql::Real(f64::NEG_INFINITY)),
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sql() -> impl Strategy<Value = Sql> {
        prop_oneof![
            Just(Sql::Null),
            (-(EXACT_MAX as i64)..=EXACT_MAX as i64).prop_map(Sql::Integer),
            any::<f64>().prop_filter("NaN is NULL to SQLite", |real| !real.is_nan()).prop_map(Sql::Real),
            ".*".prop_map(Sql::Text),
            proptest::collection::vec(any::<u8>(), 0..100).prop_map(Sql::Blob),
        ]
    }

    proptest! {
        #[test]
        fn a_value_comes_back_as_it_was(value in sql()) {
            let text = to_json(ValueRef::from(&value)).to_string();
            let back = from_json(serde_json::from_str(&text).unwrap(), "params.0").unwrap();
            // A whole REAL may be written without a fraction; SQLite's comparison and affinity make no difference of it.
            let same = match (&value, &back) {
                (Sql::Real(real), Sql::Integer(integer)) => *real == *integer as f64,
                _ => value == back,
            };
            prop_assert!(same, "{value:?} {text} {back:?}");
        }

        #[test]
        fn large_integers_keep_every_digit(number in any::<i64>()) {
            let json = to_json(ValueRef::Integer(number));
            let digits = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
            prop_assert_eq!(digits.parse::<i64>().unwrap(), number);
            let tagged = from_json(json!({"$int": number.to_string()}), "params.0").unwrap();
            prop_assert_eq!(tagged, Sql::Integer(number));
        }
    }

    #[test]
    fn what_is_no_value_is_refused_with_its_place() {
        for value in [
            json!([1]),
            json!({}),
            json!({"$blob": 1}),
            json!({"$blob": "%"}),
            json!({"$int": "9223372036854775808"}),
            json!({"$real": "nan"}),
            json!({"a": "b"}),
            json!({"$blob": "", "x": ""}),
            json!(18_446_744_073_709_551_615_u64),
        ] {
            let error = from_json(value.clone(), "params.3").unwrap_err();
            assert_eq!(error.field.as_deref(), Some("params.3"), "{value}");
        }
    }
}
