//! JSON as it is believed: no member twice, and of a bounded size.
//!
//! Two readers that take a different one of two members of the same name see two different tokens.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Deepest nesting.
const DEPTH: usize = 12;

/// Reads one JSON object of at most `values` values, at any depth. Nothing where it is anything else.
pub(super) fn object(json: &[u8], values: usize) -> Option<Map<String, Value>> {
    let mut left = values;
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = Strict { left: &mut left, depth: DEPTH }.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// Reads one value and counts it off.
struct Strict<'a> {
    left: &'a mut usize,
    depth: usize,
}

impl Strict<'_> {
    fn inner(&mut self) -> Strict<'_> {
        Strict { left: self.left, depth: self.depth.saturating_sub(1) }
    }

    fn nests<E: Error>(&self) -> Result<(), E> {
        if self.depth == 0 { Err(E::custom("too deep")) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        *self.left = self.left.checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without a member twice")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no finite number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        self.nests()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner())? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        self.nests()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.inner())?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_read_is_what_was_written() {
        let value = json!({ "a": [1, -2, 3.5, null, true, "ü"], "b": { "a": {} } });
        assert_eq!(object(value.to_string().as_bytes(), 11).map(Value::Object), Some(value));
    }

    #[test]
    fn nothing_but_one_object_is_read() {
        for text in ["", "[]", "null", "\"{}\"", "{} {}", "{", "{}x", "{\"a\":1,}", "{\"a\":1e999}"] {
            assert_eq!(object(text.as_bytes(), 10), None, "{text}");
        }
        assert!(object(b" {} ", 1).is_some());
    }

    #[test]
    fn no_member_is_there_twice_however_it_is_written() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"b":[{"a":1,"c":2,"a":1}]}"#] {
            assert_eq!(object(text.as_bytes(), 10), None, "{text}");
        }
        assert!(object(br#"{"a":{"a":1},"A":1}"#, 10).is_some());
    }

    #[test]
    fn the_size_is_bounded() {
        assert!(object(b"{\"a\":[1,2]}", 4).is_some());
        assert!(object(b"{\"a\":[1,2]}", 3).is_none());
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(object(nested(DEPTH - 1).as_bytes(), 100).is_some());
        assert!(object(nested(DEPTH).as_bytes(), 100).is_none());
    }
}
