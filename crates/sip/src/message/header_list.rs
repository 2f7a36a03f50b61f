//! The editable list of header fields.

use std::borrow::Cow;

use super::name::HeaderName;
use super::text::Text;

/// One header field line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub name: HeaderName,
    /// Its value: unfolded, without white space around it.
    pub value: Text,
}

/// Header fields in the order they stand in, which matters for Via, Route and Record-Route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self(Vec::with_capacity(16))
    }

    /// The value of the first field of that name.
    #[must_use]
    pub fn get(&self, name: &HeaderName) -> Option<&Text> {
        self.0.iter().find(|h| h.name == *name).map(|h| &h.value)
    }

    /// The first field of that name (long or compact, any case), as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(&HeaderName::new(name)).map(Text::to_str)
    }

    /// The values of all fields of that name, in order.
    pub fn all<'a>(&'a self, name: &'a HeaderName) -> impl DoubleEndedIterator<Item = &'a Text> {
        self.0.iter().filter(move |h| h.name == *name).map(|h| &h.value)
    }

    /// How many fields have that name.
    #[must_use]
    pub fn count(&self, name: &HeaderName) -> usize {
        self.all(name).count()
    }

    /// All fields in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: HeaderName, value: impl Into<Text>) {
        self.0.push(Header { name, value: value.into() });
    }

    /// Adds a field above all others of its name: at the top of the list.
    pub fn push_front(&mut self, name: HeaderName, value: impl Into<Text>) {
        self.0.insert(0, Header { name, value: value.into() });
    }

    /// Puts the value into the first field of that name, removing the others, or adds one.
    pub fn set(&mut self, name: HeaderName, value: impl Into<Text>) {
        let value = value.into();
        let mut first = true;
        self.0.retain(|h| h.name != name || std::mem::take(&mut first));
        match self.0.iter_mut().find(|h| h.name == name) {
            Some(header) => header.value = value,
            None => self.0.push(Header { name, value }),
        }
    }

    /// Replaces the value of the first field of that name; does nothing if there is none.
    pub fn replace_first(&mut self, name: &HeaderName, value: impl Into<Text>) {
        if let Some(header) = self.0.iter_mut().find(|h| h.name == *name) {
            header.value = value.into();
        }
    }

    /// Removes all fields of that name; says how many there were.
    pub fn remove(&mut self, name: &HeaderName) -> usize {
        let before = self.0.len();
        self.0.retain(|h| h.name != *name);
        before - self.0.len()
    }

    /// Removes the first field of that name and returns its value.
    pub fn remove_first(&mut self, name: &HeaderName) -> Option<Text> {
        let at = self.0.iter().position(|h| h.name == *name)?;
        Some(self.0.remove(at).value)
    }

    /// Keeps the fields that the test accepts.
    pub fn retain(&mut self, keep: impl FnMut(&Header) -> bool) {
        self.0.retain(keep);
    }

    /// Replaces all fields of that name by these, standing where the first of them stood (or at the top).
    pub fn replace_all(&mut self, name: &HeaderName, values: impl IntoIterator<Item = Text>) {
        let at = self.0.iter().position(|h| h.name == *name).unwrap_or(0);
        self.0.retain(|h| h.name != *name);
        let at = at.min(self.0.len());
        self.0.splice(at..at, values.into_iter().map(|value| Header { name: name.clone(), value }));
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl FromIterator<Header> for Headers {
    fn from_iter<T: IntoIterator<Item = Header>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}
