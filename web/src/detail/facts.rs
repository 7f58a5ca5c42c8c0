//! What a server knows, as a list, with what the last step changed of it.

use crate::view::{Role, ServerView};
use std::rc::Rc;

/// One thing that a server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its name.
    pub name: &'static str,
    /// What it is now.
    pub value: String,
    /// What it was one step ago, if that was something else.
    pub was: Option<String>,
}

/// The facts of a server; `before` is the same server one step ago.
#[must_use]
pub fn of(server: &ServerView, before: Option<&ServerView>) -> Rc<[Fact]> {
    compared(&list(server), before.map(list).as_ref().map(|old| old.as_slice()))
}

/// Facts with what they were one step ago, by their names.
#[must_use]
pub fn compared(
    now: &[(&'static str, String)],
    before: Option<&[(&'static str, String)]>,
) -> Rc<[Fact]> {
    let old = |name| before.and_then(|old| old.iter().find(|(other, _)| *other == name));
    let facts = now.iter().map(|(name, value)| {
        let was = old(*name).map(|(_, was)| was.clone()).filter(|was| was != value);
        Fact { name, value: value.clone(), was }
    });
    facts.collect()
}

fn list(server: &ServerView) -> [(&'static str, String); 11] {
    let up = server.role != Role::Down;
    let number = |value: String| if up { value } else { "–".to_owned() };
    let peer = |sid: Option<i64>| sid.map_or_else(|| "–".to_owned(), |sid| sid.to_string());
    [
        ("role", server.role.word().to_owned()),
        ("phase", server.phase.to_owned()),
        ("acceptedEpoch", server.accepted_epoch.to_string()),
        ("currentEpoch", server.current_epoch.to_string()),
        ("leader", peer(server.leader)),
        ("votes for", peer(server.vote)),
        ("logged", server.logged.clone()),
        (
            "writing",
            if server.writing.is_empty() { "–".to_owned() } else { server.writing.clone() },
        ),
        ("committed", server.committed.clone()),
        ("znodes", number(server.znodes.to_string())),
        ("connections", number(server.clients.to_string())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Lab;
    use crate::view::View;

    #[test]
    fn only_what_changed_is_marked() {
        let lab = Lab::elected(3, 1);
        let mut server = View::of(&lab).servers[0].clone();
        let before = server.clone();
        assert!(of(&server, Some(&before)).iter().all(|fact| fact.was.is_none()));
        assert!(of(&server, None).iter().all(|fact| fact.was.is_none()));
        server.committed = "e9.c9".to_owned();
        let facts = of(&server, Some(&before));
        let marked: Vec<&Fact> = facts.iter().filter(|fact| fact.was.is_some()).collect();
        assert_eq!(marked.len(), 1);
        assert_eq!((marked[0].name, marked[0].was.as_deref()), ("committed", Some("e1.c3")));
    }
}
