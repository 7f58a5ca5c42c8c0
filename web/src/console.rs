//! The command line of the page's clients: what is being typed, what was typed, what is offered.
//! The grammar is the one of `zabscope cli`.

use zabscope_core::cli::{Command, HELP, parse, split};

/// Lines that are remembered.
const HISTORY_MAX: usize = 100;
/// Names that are offered.
const OFFERED_MAX: usize = 12;
/// Longest line, in bytes: a request may not be larger than a packet by far.
const LINE_BYTES_MAX: usize = 4096;

/// What a person does to the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// The line is this now.
    Edit(String),
    /// The line is done.
    Enter,
    /// The line typed before.
    Older,
    /// The line typed after that.
    Newer,
    /// The rest of the word, as far as it is certain.
    Complete,
}

/// The command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Console {
    /// What stands in the field.
    pub line: String,
    /// Names that go on from there.
    pub offered: Vec<String>,
    /// Some of the word that is typed is certain: it can be completed.
    pub grows: bool,
    /// What the page itself says: help, history, errors.
    pub said: Vec<String>,
    /// What it says is an error.
    pub failed: bool,
    history: Vec<String>,
    /// Place in the history; its end for the line that is new.
    at: usize,
}

impl Console {
    /// Takes what was typed. `children` gives the names below a path that is there. The command,
    /// once a line is done and can be understood.
    pub fn take(
        &mut self,
        typed: Typed,
        children: &dyn Fn(&str) -> Vec<String>,
    ) -> Option<Command> {
        match typed {
            Typed::Edit(mut line) => {
                let mut ends = (0..=LINE_BYTES_MAX.min(line.len())).rev();
                line.truncate(ends.find(|end| line.is_char_boundary(*end)).unwrap_or(0));
                self.line = line;
            }
            Typed::Older if self.at > 0 => self.recall(self.at - 1),
            Typed::Newer if self.at < self.history.len() => self.recall(self.at + 1),
            Typed::Older | Typed::Newer => {}
            Typed::Complete => self.line = completed(&self.line, children),
            Typed::Enter => return self.enter(),
        }
        self.offered = offers(&self.line, children);
        self.grows = completed(&self.line, children) != self.line;
        None
    }

    fn recall(&mut self, at: usize) {
        self.at = at;
        self.line = self.history.get(at).cloned().unwrap_or_default();
    }

    fn enter(&mut self) -> Option<Command> {
        let line = core::mem::take(&mut self.line);
        self.offered.clear();
        self.grows = false;
        self.said.clear();
        self.failed = false;
        if line.trim().is_empty() {
            return None;
        }
        if self.history.last() != Some(&line) {
            self.history.push(line.clone());
        }
        if self.history.len() > HISTORY_MAX {
            self.history.remove(0);
        }
        self.at = self.history.len();
        match split(&line).and_then(|words| parse(&words)) {
            Ok(Some(Command::Help)) => {
                self.said = HELP.iter().map(|(text, what)| format!("{text}: {what}")).collect();
                None
            }
            Ok(Some(Command::History)) => {
                self.said = self.history.clone();
                None
            }
            Ok(Some(Command::Version)) => {
                self.said = vec![format!("zabscope {}", env!("CARGO_PKG_VERSION"))];
                None
            }
            Ok(command) => command,
            Err(why) => {
                // The line stays to be corrected.
                self.line = line;
                self.fail(why.to_string());
                None
            }
        }
    }

    /// Says why something cannot be done.
    pub fn fail(&mut self, why: String) {
        self.said = vec![why];
        self.failed = true;
    }
}

/// The word that is being typed: where it begins, and it.
fn last_word(line: &str) -> (usize, &str) {
    let from = line.rfind([' ', '\'', '"']).map_or(0, |at| at + 1);
    (from, line.get(from..).unwrap_or_default())
}

/// All that the word may become: whole words.
fn candidates(line: &str, children: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
    let (from, word) = last_word(line);
    let before = line.get(..from).unwrap_or_default();
    if word.starts_with('/') {
        let end = word.rfind('/').unwrap_or(0);
        let (parent, name) = (word.get(..end).unwrap_or_default(), word.get(end + 1..));
        let name = name.unwrap_or_default();
        let mut names = children(if parent.is_empty() { "/" } else { parent });
        names.sort_unstable();
        let fitting = names.into_iter().filter(|other| other.starts_with(name));
        return fitting.map(|name| format!("{parent}/{name}")).collect();
    }
    let operations = ["create", "set", "delete", "check"];
    let names = HELP.iter().filter_map(|(text, _)| text.split(' ').next());
    let fitting = |name: &&str| !word.is_empty() && name.starts_with(word);
    match before.trim() {
        "" => names.filter(fitting).map(str::to_owned).collect(),
        text if text.starts_with("multi") && text.ends_with(['\'', '"']) => {
            operations.into_iter().filter(fitting).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn offers(line: &str, children: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
    let (_, word) = last_word(line);
    let mut found = candidates(line, children);
    found.retain(|other| other != word);
    found.truncate(OFFERED_MAX);
    found
}

/// The line with as much of its last word as is certain.
fn completed(line: &str, children: &dyn Fn(&str) -> Vec<String>) -> String {
    let (from, word) = last_word(line);
    let found = candidates(line, children);
    let Some(first) = found.first() else { return line.to_owned() };
    let common = found.iter().skip(1).fold(first.as_str(), |common, other| {
        let ends = common.char_indices().map(|(at, letter)| at + letter.len_utf8());
        let end = ends.take_while(|end| other.get(..*end) == common.get(..*end)).last();
        common.get(..end.unwrap_or(0)).unwrap_or_default()
    });
    let word = if common.len() > word.len() { common } else { word };
    let before = line.get(..from).unwrap_or_default();
    let space = if found.len() == 1 && !word.starts_with('/') { " " } else { "" };
    format!("{before}{word}{space}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn children(path: &str) -> Vec<String> {
        let names: &[&str] = match path {
            "/" => &["hello", "help", "zookeeper", "é1", "é2"],
            "/hello" => &["a"],
            _ => &[],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn type_in(console: &mut Console, line: &str) {
        assert_eq!(console.take(Typed::Edit(line.to_owned()), &children), None);
    }

    #[test]
    fn words_are_completed_as_far_as_they_are_certain() {
        for (typed, then) in [
            ("cre", "create"),
            ("removew", "removewatches "),
            ("get /h", "get /hel"),
            ("get /hello", "get /hello"),
            ("get /hello/", "get /hello/a"),
            ("get /z", "get /zookeeper"),
            ("get /é", "get /é"),
            ("get /x", "get /x"),
            ("multi 'che", "multi 'check "),
            ("multi 'set /hello/", "multi 'set /hello/a"),
            ("set /hello wo", "set /hello wo"),
            ("", ""),
            ("frob", "frob"),
        ] {
            assert_eq!(completed(typed, &children), then, "{typed}");
        }
        let mut console = Console::default();
        type_in(&mut console, "get /h");
        assert_eq!(console.offered, ["/hello", "/help"]);
        type_in(&mut console, "get /hello");
        assert!(console.offered.is_empty());
    }

    #[test]
    fn lines_are_remembered_and_errors_leave_them() {
        let mut console = Console::default();
        for line in ["get /a", "get /b", "get /b", "  "] {
            type_in(&mut console, line);
            console.take(Typed::Enter, &children);
        }
        for (typed, line) in [
            (Typed::Newer, ""),
            (Typed::Older, "get /b"),
            (Typed::Older, "get /a"),
            (Typed::Older, "get /a"),
            (Typed::Newer, "get /b"),
            (Typed::Newer, ""),
        ] {
            console.take(typed, &children);
            assert_eq!(console.line, line);
        }
        type_in(&mut console, "get a");
        assert_eq!(console.take(Typed::Enter, &children), None);
        assert!(console.failed && console.said[0].contains("must start with /"));
        assert_eq!(console.line, "get a");
        type_in(&mut console, "help");
        assert_eq!(console.take(Typed::Enter, &children), None);
        assert_eq!(console.said.len(), HELP.len());
        assert!(!console.failed);
        type_in(&mut console, "set -v 2 /a x");
        let set = console.take(Typed::Enter, &children);
        assert!(matches!(set, Some(Command::Set { version: 2, .. })));
    }

    #[test]
    fn no_input_ends_in_a_panic() {
        let mut console = Console::default();
        let long = "é".repeat(LINE_BYTES_MAX);
        for line in ["/", "//", "get //", "'", "\"\\", "é/", "get /é", " /", "-", "multi '", &long]
        {
            type_in(&mut console, line);
            for typed in [Typed::Complete, Typed::Older, Typed::Newer, Typed::Enter] {
                console.take(typed, &children);
            }
        }
        assert!(console.line.len() <= LINE_BYTES_MAX);
        for number in 0..2 * HISTORY_MAX {
            type_in(&mut console, &format!("get /{number}"));
            console.take(Typed::Enter, &children);
        }
        assert!(console.history.len() <= HISTORY_MAX);
    }
}
