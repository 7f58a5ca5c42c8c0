//! What is said about the guided runs before one of them begins.

use super::RUNS;

/// A guided run as it is offered. Its text is elsewhere: who only offers runs does not carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// As in [`RUNS`].
    pub name: &'static str,
    /// Its `title` line.
    pub title: &'static str,
    /// Its `about` line.
    pub about: &'static str,
}

/// The rest of a line of a run. Read while this is compiled: a file without the line is an error.
macro_rules! line {
    ($run:expr, $word:expr) => {{
        const AT: (usize, usize) = line(RUNS[$run].1, $word);
        const COPY: [u8; AT.1 - AT.0] = part(RUNS[$run].1, AT.0);
        match core::str::from_utf8(&COPY) {
            Ok(text) => text,
            Err(_) => panic!("a line is text"),
        }
    }};
}

macro_rules! offer {
    ($run:expr) => {
        Offer { name: RUNS[$run].0, title: line!($run, "title "), about: line!($run, "about ") }
    };
}

/// The runs of [`RUNS`], in the same order.
pub const OFFERS: [Offer; RUNS.len()] = [offer!(0), offer!(1), offer!(2), offer!(3)];

/// Where the rest of the first line with this word at its beginning lies.
const fn line(text: &str, word: &str) -> (usize, usize) {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let mut from = 0;
    loop {
        let mut same = 0;
        while same < word.len() && text[from + same] == word[same] {
            same += 1;
        }
        let mut end = from;
        while text[end] != b'\n' {
            end += 1;
        }
        if same == word.len() {
            return (from + same, end);
        }
        from = end + 1;
    }
}

/// A part of a text, as bytes of its own.
const fn part<const LENGTH: usize>(text: &str, from: usize) -> [u8; LENGTH] {
    let mut copy = [0; LENGTH];
    let mut at = 0;
    while at < LENGTH {
        copy[at] = text.as_bytes()[from + at];
        at += 1;
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guide::Script;

    #[test]
    fn what_is_offered_is_what_the_runs_say() {
        for (offer, (name, text)) in OFFERS.iter().zip(RUNS) {
            let script = Script::parse(text).unwrap();
            assert_eq!(
                (offer.name, offer.title, offer.about),
                (name, &*script.title, &*script.about)
            );
        }
    }
}
