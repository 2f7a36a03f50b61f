//! Two kinds of marks in one space of ids: what a bot calls a mark, and what its dialect reports in another word when
//! it is reached.

/// The id within the switch of a thing of the kind `tag`, which the bot has named `id`, or not at all.
pub(super) fn tagged(tag: &str, id: Option<&str>) -> String {
    id.map_or_else(|| tag.to_owned(), |id| format!("{tag} {id}"))
}

/// The id within the switch of a mark: its name, unless that looks like one with a tag.
pub(super) fn plain(tag: &str, name: &str) -> String {
    let is_ambiguous = untag(tag, name).is_some() || untag(MARK, name).is_some();
    if is_ambiguous { tagged(MARK, Some(name)) } else { name.to_owned() }
}

const MARK: &str = "mark";

/// What an id within the switch stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// A mark of this name.
    Mark(&'a str),
    /// A thing of the kind `tag`, with the name that the bot gave it.
    Tagged(Option<&'a str>),
}

/// The reverse of [`tagged`] and [`plain`].
pub(super) fn meaning<'a>(tag: &str, id: &'a str) -> Meaning<'a> {
    match untag(tag, id) {
        Some(name) => Meaning::Tagged(name),
        None => Meaning::Mark(untag(MARK, id).flatten().unwrap_or(id)),
    }
}

/// `None`: not of this kind.
fn untag<'a>(tag: &str, id: &'a str) -> Option<Option<&'a str>> {
    match id.strip_prefix(tag)? {
        "" => Some(None),
        rest => rest.strip_prefix(' ').map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_taken_for_another_kind() {
        for name in ["m", "", "play", "play ", "play x", "mark", "mark ", "mark x", "mark play x", "playx", "mark mark"]
        {
            assert_eq!(meaning("play", &plain("play", name)), Meaning::Mark(name), "{name:?}");
            assert_eq!(meaning("play", &tagged("play", Some(name))), Meaning::Tagged(Some(name)), "{name:?}");
        }
        assert_eq!(meaning("play", &tagged("play", None)), Meaning::Tagged(None));
        assert_eq!(plain("play", "m1"), "m1");
    }
}
