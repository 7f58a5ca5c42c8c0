//! A command as text: words, quoted words, and `key=value`.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use core::str::FromStr;

/// Why a command cannot be read or did not work, for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Problem(pub String);

impl Problem {
    /// With this text.
    #[must_use]
    pub fn new(text: impl ToString) -> Self {
        Self(text.to_string())
    }
}

/// The words of one command; taken out one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The command.
    pub name: String,
    /// What follows: a key (empty if there is none) and a value each.
    pub words: VecDeque<(String, String)>,
}

impl Line {
    /// Splits a line. Quotes group words; there are no escapes.
    ///
    /// # Errors
    /// It is empty, or a quote is not closed.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let mut line = Self::default();
        let (mut key, mut word, mut quoted, mut begun) =
            (String::new(), String::new(), false, false);
        for letter in text.chars().chain([' ']) {
            match letter {
                '"' => {
                    quoted = !quoted;
                    begun = true;
                }
                ' ' if !quoted => {
                    if begun {
                        let found = (core::mem::take(&mut key), core::mem::take(&mut word));
                        line.words.push_back(found);
                    }
                    begun = false;
                }
                '=' if !quoted && key.is_empty() && !word.is_empty() => {
                    key = core::mem::take(&mut word);
                }
                _ => {
                    word.push(letter);
                    begun = true;
                }
            }
        }
        if quoted {
            return Err(Problem::new("a quote is not closed"));
        }
        match line.words.pop_front() {
            Some((key, name)) if key.is_empty() => Ok(Self { name, ..line }),
            Some(_) | None => Err(Problem::new("no command")),
        }
    }

    /// The next word without a key.
    pub fn next_word(&mut self) -> Option<String> {
        let at = self.words.iter().position(|(key, _)| key.is_empty())?;
        self.words.remove(at).map(|(_, value)| value)
    }

    /// The next word, which must be there; `what` names it.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn need<T: FromStr>(&mut self, what: &str) -> Result<T, Problem> {
        let word = self.next_word().ok_or_else(|| Problem(format!("{what} is missing")))?;
        word.parse().map_err(|_| Problem(format!("'{word}' is no {what}")))
    }

    /// The value of `key=`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn key<T: FromStr>(&mut self, key: &str) -> Result<Option<T>, Problem> {
        let Some(at) = self.words.iter().position(|(found, _)| found == key) else {
            return Ok(None);
        };
        let value = self.words.remove(at).map(|(_, value)| value).unwrap_or_default();
        value.parse().map(Some).map_err(|_| Problem(format!("'{value}' is no value of {key}")))
    }

    /// True if the word is there.
    pub fn flag(&mut self, flag: &str) -> bool {
        let at = self.words.iter().position(|(key, word)| key.is_empty() && word == flag);
        at.is_some_and(|at| self.words.remove(at).is_some())
    }

    /// That was all.
    ///
    /// # Errors
    /// Something is left.
    pub fn end(&self) -> Result<(), Problem> {
        match self.words.front() {
            None => Ok(()),
            Some((key, word)) => Err(Problem(format!("unexpected '{key}{word}'"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keys_and_quotes() {
        let mut line = Line::parse("ensemble 3 clients=2 \"a b\"").unwrap();
        assert_eq!(line.name, "ensemble");
        assert_eq!(line.key::<u32>("clients"), Ok(Some(2)));
        assert_eq!(line.need::<u32>("count"), Ok(3));
        assert!(line.end().is_err());
        assert!(line.flag("a b"));
        assert_eq!(line.end(), Ok(()));
        assert!(Line::parse("a \"b").is_err());
        assert!(Line::parse("  ").is_err());
    }
}
