//! The text of a guided run in its parts: what is marked, what is code, what the glossary explains;
//! and the glossary.
//!
//! | written | meaning |
//! |---|---|
//! | `*so*` | the sentence of the step: it is marked |
//! | `` `so` `` | code |
//! | `[so]`, `[so\|term]` | a word of the glossary, in the form that the sentence needs |

use alloc::string::String;
use alloc::vec::Vec;

/// A part of a paragraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<'a> {
    /// The words.
    pub text: &'a str,
    /// They belong to the marked sentence.
    pub marked: bool,
    /// What they are besides.
    pub kind: SpanKind<'a>,
}

/// What a part of a paragraph is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind<'a> {
    /// Just words.
    Plain,
    /// Code.
    Code,
    /// A word that the glossary explains, in its form there.
    Term(&'a str),
}

/// A word of the glossary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term<'a> {
    /// The word.
    pub word: &'a str,
    /// What it means.
    pub text: &'a str,
    /// The word of the paper, or of ZooKeeper's sources, if that is another one; else empty.
    pub paper: &'a str,
}

/// The parts of a paragraph.
#[must_use]
pub fn spans(text: &str) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    let (mut marked, mut rest) = (false, text);
    while let Some(at) = rest.find(['*', '`', '[']) {
        let (before, from) = rest.split_at(at);
        push(&mut spans, before, marked, SpanKind::Plain);
        let sign = from.as_bytes()[0];
        let inside = &from[1..];
        let end = match sign {
            b'`' => inside.find('`'),
            b'[' => inside.find(']'),
            _ => None,
        };
        match end {
            Some(end) if sign == b'[' => {
                let (shown, term) = inside[..end].split_once('|').unwrap_or((&inside[..end], ""));
                let term = if term.is_empty() { shown } else { term };
                push(&mut spans, shown, marked, SpanKind::Term(term));
                rest = &inside[end + 1..];
            }
            Some(end) => {
                push(&mut spans, &inside[..end], marked, SpanKind::Code);
                rest = &inside[end + 1..];
            }
            None => {
                marked ^= sign == b'*';
                rest = inside;
            }
        }
    }
    push(&mut spans, rest, marked, SpanKind::Plain);
    spans
}

fn push<'a>(spans: &mut Vec<Span<'a>>, text: &'a str, marked: bool, kind: SpanKind<'a>) {
    if !text.is_empty() {
        spans.push(Span { text, marked, kind });
    }
}

/// A paragraph without its signs, for those who listen.
#[must_use]
pub fn plain(text: &str) -> String {
    spans(text).iter().map(|span| span.text).collect()
}

/// The glossary: `word: text` or `word: text | word of the paper`, a line each.
const GLOSSARY: &str = include_str!("../../../lessons/glossary.txt");

/// All words of the glossary, in their order.
pub fn glossary() -> impl Iterator<Item = Term<'static>> {
    GLOSSARY.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (word, text) = line.split_once(": ")?;
        let (text, paper) = text.split_once(" | ").unwrap_or((text, ""));
        Some(Term { word, text, paper })
    })
}

/// What a word means; upper and lower case are alike.
#[must_use]
pub fn term(word: &str) -> Option<Term<'static>> {
    glossary().find(|term| term.word.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_become_parts_and_may_stand_in_each_other() {
        let text = "A *big [Quorum] has* `c1`, [epochs|epoch].";
        let kinds: Vec<_> = spans(text).iter().map(|it| (it.text, it.marked, it.kind)).collect();
        assert_eq!(
            kinds,
            [
                ("A ", false, SpanKind::Plain),
                ("big ", true, SpanKind::Plain),
                ("Quorum", true, SpanKind::Term("Quorum")),
                (" has", true, SpanKind::Plain),
                (" ", false, SpanKind::Plain),
                ("c1", false, SpanKind::Code),
                (", ", false, SpanKind::Plain),
                ("epochs", false, SpanKind::Term("epoch")),
                (".", false, SpanKind::Plain),
            ]
        );
        assert_eq!(plain(text), "A big Quorum has c1, epochs.");
        for odd in ["", "[", "`", "*", "[]", "a[b", "é`ü", "|]"] {
            let parts: usize = spans(odd).iter().map(|span| span.text.len()).sum();
            assert!(parts <= odd.len());
        }
    }

    #[test]
    fn every_word_stands_there_once_and_in_order() {
        let words: Vec<&str> = glossary().map(|term| term.word).collect();
        assert!(words.len() > 15 && words.is_sorted(), "{words:?}");
        assert!(words.windows(2).all(|two| two[0] != two[1]));
        assert_eq!(term("QUORUM").map(|term| term.word), Some("quorum"));
        assert_eq!(term("nothing"), None);
        for it in glossary() {
            assert!(it.text.ends_with('.') && it.text.len() < 200, "{it:?}");
        }
    }
}
