//! What a user of a client types: words, and the commands that they form (Java: `ZooKeeperMain`,
//! `CliCommand`). The same grammar on a terminal and in the page.

mod request;

use crate::base::path::is_valid;
use crate::proto::data::{Acl, Id, perms};
use crate::proto::watch::WatcherType;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

/// What is typed cannot be understood: why, and what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for UsageError {}

fn wrong<T>(why: impl Into<String>) -> Result<T, UsageError> {
    Err(UsageError(why.into()))
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the flags and arguments of the help text")]
pub enum Command {
    Create { path: String, data: Option<Vec<u8>>, acl: Option<Vec<Acl>>, kind: Kind, stat: bool },
    Get { path: String, watch: bool, stat: bool },
    Set { path: String, data: Vec<u8>, version: i32, stat: bool },
    Ls { path: String, watch: bool, stat: bool, recursive: bool },
    Stat { path: String, watch: bool },
    Delete { path: String, version: i32 },
    DeleteAll { path: String },
    Multi(Vec<Self>),
    Check { path: String, version: i32 },
    AddWatch { path: String, recursive: bool },
    RemoveWatches { path: String, kind: WatcherType },
    GetEphemerals { path: Option<String> },
    GetAllChildrenNumber { path: String },
    WhoAmI,
    Watch { path: String, recursive: bool },
    Lock { path: String, run: Vec<String> },
    Elect { path: String, data: Option<Vec<u8>> },
    Sync { path: String },
    GetAcl { path: String, stat: bool },
    SetAcl { path: String, acl: Vec<Acl>, version: i32 },
    AddAuth { scheme: String, auth: Vec<u8> },
    Version,
    Help,
    History,
    Quit,
}

/// What kind of znode is created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kind {
    /// `-e`
    pub ephemeral: bool,
    /// `-s`
    pub sequential: bool,
    /// `-c`
    pub container: bool,
    /// `-t`, milliseconds.
    pub ttl_ms: Option<i64>,
}

/// Every command with its arguments and what it does.
pub const HELP: [(&str, &str); 25] = [
    ("create [-e] [-s] [-c] [-t MS] PATH [DATA] [ACL]", "make a znode: ephemeral, sequential, ..."),
    ("create2 ... PATH [DATA] [ACL]", "the same, answered with the Stat"),
    ("get [-s] [-w] PATH", "show data; -s its Stat too, -w watch it once"),
    ("set [-s] [-v VERSION] PATH DATA", "change data"),
    ("ls [-s] [-w] [-R] PATH", "list children; -R everything below"),
    ("stat [-w] PATH", "show the Stat"),
    ("delete [-v VERSION] PATH", "delete a znode without children"),
    ("deleteall PATH", "delete a znode and everything below"),
    ("multi 'OPERATION' ...", "create, set, delete and check -v VERSION PATH: all or none"),
    ("addWatch [-R] PATH", "watch again and again; -R also everything below"),
    ("removewatches [-c|-d|-a] PATH", "stop to watch: children, data, or all"),
    ("getEphemerals [PATH]", "list the ephemeral znodes of this session"),
    ("getAllChildrenNumber PATH", "count everything below"),
    ("whoami", "show who this session is"),
    ("watch [-R] PATH", "show changes of a znode and its list of children until Ctrl-C"),
    ("lock PATH [-- COMMAND ...]", "hold a lock while COMMAND runs, or until Ctrl-C"),
    ("elect PATH [DATA]", "stand for election until Ctrl-C"),
    ("sync PATH", "let the server catch up with the leader"),
    ("getAcl [-s] PATH", "show the access control list"),
    ("setAcl [-v VERSION] PATH ACL", "change it: scheme:id:cdrwa,..."),
    ("addauth SCHEME AUTH", "authenticate, as in: addauth digest user:password"),
    ("version", "show the version of this program"),
    ("history", "show what was typed"),
    ("help", "show this list"),
    ("quit", "close the session and leave"),
];

/// Cuts a line into words. Quotes of both kinds hold a word together, a backslash takes the next
/// character as it is (not in single quotes).
///
/// # Errors
/// If a quote is not closed.
pub fn split(line: &str) -> Result<Vec<String>, UsageError> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), close) if open == close => quote = None,
            (Some('\''), other) => word.get_or_insert_default().push(other),
            (_, '\\') => word.get_or_insert_default().extend(letters.next()),
            (Some(_), other) => word.get_or_insert_default().push(other),
            (None, open @ ('"' | '\'')) => {
                word.get_or_insert_default();
                quote = Some(open);
            }
            (None, space) if space.is_whitespace() => words.extend(word.take()),
            (None, other) => word.get_or_insert_default().push(other),
        }
    }
    if quote.is_some() {
        return wrong("a quote is not closed");
    }
    words.extend(word);
    Ok(words)
}

/// The words behind a command's name, sorted.
struct Arguments<'a> {
    name: &'a str,
    flags: Vec<(char, Option<&'a str>)>,
    rest: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    /// `plain` are flags alone, `valued` are followed by a value. After the first other word
    /// nothing is a flag any more, so that data may begin with a dash.
    fn new(words: &'a [String], plain: &str, valued: &str) -> Result<Self, UsageError> {
        let name = words.first().map_or("", String::as_str);
        let mut found = Self { name, flags: Vec::new(), rest: Vec::new() };
        let mut words = words.iter().skip(1).map(String::as_str);
        while let Some(word) = words.next() {
            let flag = word.strip_prefix('-').filter(|flag| !flag.is_empty());
            let Some(flag) = flag.filter(|_| found.rest.is_empty()) else {
                found.rest.push(word);
                continue;
            };
            for letter in flag.chars() {
                if plain.contains(letter) {
                    found.flags.push((letter, None));
                } else if valued.contains(letter) {
                    found.flags.push((letter, Some(words.next().ok_or_else(|| found.usage())?)));
                } else {
                    return Err(found.usage());
                }
            }
        }
        Ok(found)
    }

    fn has(&self, flag: char) -> bool {
        self.flags.iter().any(|(letter, _)| *letter == flag)
    }

    fn value<T: FromStr>(&self, flag: char) -> Result<Option<T>, UsageError> {
        let value = self.flags.iter().find(|(letter, _)| *letter == flag).and_then(|(_, v)| *v);
        value.map(|text| text.parse().map_err(|_| self.usage())).transpose()
    }

    fn version(&self) -> Result<i32, UsageError> {
        Ok(self.value('v')?.unwrap_or(-1))
    }

    fn usage(&self) -> UsageError {
        let of = |(text, _): &(&str, &str)| text.split(' ').next() == Some(self.name);
        let text = HELP.iter().find(|line| of(line)).map_or(self.name, |(text, _)| text);
        UsageError(format!("usage: {text}"))
    }

    /// The path and what follows it, of which there may be so much.
    fn path(&self, more_max: usize) -> Result<(String, &[&'a str]), UsageError> {
        let (path, more) = self.rest.split_first().ok_or_else(|| self.usage())?;
        if more.len() > more_max {
            return Err(self.usage());
        }
        if !is_valid(path) {
            let hint = if path.starts_with('/') { "" } else { ": it must start with /" };
            return wrong(format!("\"{path}\" is not a path{hint}"));
        }
        Ok(((*path).to_owned(), more))
    }

    fn only_path(&self) -> Result<String, UsageError> {
        self.path(0).map(|(path, _)| path)
    }
}

/// The command that these words are; `None` without words.
///
/// # Errors
/// [`UsageError`] with what is expected.
pub fn parse(words: &[String]) -> Result<Option<Command>, UsageError> {
    let Some(name) = words.first() else { return Ok(None) };
    let of = |plain, valued| Arguments::new(words, plain, valued);
    Ok(Some(match name.as_str() {
        "create" => create(&of("esc", "t")?, false)?,
        "create2" => create(&of("esc", "t")?, true)?,
        "get" => {
            let given = of("sw", "")?;
            Command::Get { path: given.only_path()?, watch: given.has('w'), stat: given.has('s') }
        }
        "set" => {
            let given = of("s", "v")?;
            let (path, more) = given.path(1)?;
            let data = more.first().ok_or_else(|| given.usage())?.as_bytes().to_vec();
            Command::Set { path, data, version: given.version()?, stat: given.has('s') }
        }
        "ls" => {
            let given = of("swR", "")?;
            let (watch, stat, recursive) = (given.has('w'), given.has('s'), given.has('R'));
            Command::Ls { path: given.only_path()?, watch, stat, recursive }
        }
        "stat" => {
            let given = of("w", "")?;
            Command::Stat { path: given.only_path()?, watch: given.has('w') }
        }
        "delete" => {
            let given = of("", "v")?;
            Command::Delete { path: given.only_path()?, version: given.version()? }
        }
        "deleteall" | "rmr" => Command::DeleteAll { path: of("", "")?.only_path()? },
        "watch" => {
            let given = of("R", "")?;
            Command::Watch { path: given.only_path()?, recursive: given.has('R') }
        }
        "lock" => {
            let given = of("", "")?;
            let (path, more) = given.path(usize::MAX)?;
            let run = more.strip_prefix(&["--"]).unwrap_or(more);
            Command::Lock { path, run: run.iter().map(|&word| word.to_owned()).collect() }
        }
        "elect" => {
            let given = of("", "")?;
            let (path, more) = given.path(1)?;
            Command::Elect { path, data: more.first().map(|data| data.as_bytes().to_vec()) }
        }
        "sync" => Command::Sync { path: of("", "")?.only_path()? },
        "getAcl" => {
            let given = of("s", "")?;
            Command::GetAcl { path: given.only_path()?, stat: given.has('s') }
        }
        "setAcl" => {
            let given = of("", "v")?;
            let (path, more) = given.path(1)?;
            let acl = parse_acl(more.first().ok_or_else(|| given.usage())?)?;
            Command::SetAcl { path, acl, version: given.version()? }
        }
        "addauth" => {
            let given = of("", "")?;
            let [scheme, auth] = given.rest[..] else { return Err(given.usage()) };
            Command::AddAuth { scheme: scheme.to_owned(), auth: auth.as_bytes().to_vec() }
        }
        "version" => Command::Version,
        "help" | "?" => Command::Help,
        "history" => Command::History,
        "quit" | "exit" | "close" => Command::Quit,
        _ => return of_server(name, words).map(Some),
    }))
}

/// Commands beyond those of znodes.
fn of_server(name: &str, words: &[String]) -> Result<Command, UsageError> {
    let of = |plain| Arguments::new(words, plain, "");
    Ok(match name {
        "multi" => multi(&of("")?)?,
        "check" => return wrong("check stands in a multi only: multi 'check -v 0 /a' 'set /a 1'"),
        "addWatch" => {
            let given = of("R")?;
            Command::AddWatch { path: given.only_path()?, recursive: given.has('R') }
        }
        "removewatches" | "removeWatches" => {
            let given = of("cda")?;
            let kind = match (given.has('c'), given.has('d')) {
                (true, false) => WatcherType::Children,
                (false, true) => WatcherType::Data,
                _ => WatcherType::Any,
            };
            Command::RemoveWatches { path: given.only_path()?, kind }
        }
        "getEphemerals" => {
            let given = of("")?;
            let path = (!given.rest.is_empty()).then(|| given.only_path()).transpose()?;
            Command::GetEphemerals { path }
        }
        "getAllChildrenNumber" => Command::GetAllChildrenNumber { path: of("")?.only_path()? },
        "whoami" => {
            let given = of("")?;
            if !given.rest.is_empty() {
                return Err(given.usage());
            }
            Command::WhoAmI
        }
        other => return wrong(format!("\"{other}\" is no command; try: help")),
    })
}

/// Each word behind `multi` is an operation: a command line of its own.
fn multi(given: &Arguments<'_>) -> Result<Command, UsageError> {
    if given.rest.is_empty() {
        return Err(given.usage());
    }
    let one = |line: &&str| {
        let words = split(line)?;
        if words.first().is_some_and(|name| name == "check") {
            let given = Arguments::new(&words, "", "v")?;
            let version = given.value('v')?.ok_or_else(|| {
                UsageError(format!("\"{line}\" names no version: check -v VERSION PATH"))
            })?;
            return Ok(Command::Check { path: given.only_path()?, version });
        }
        match parse(&words)? {
            Some(
                operation @ (Command::Create { .. } | Command::Set { .. } | Command::Delete { .. }),
            ) => Ok(operation),
            _ => wrong(format!("\"{line}\" cannot be in a multi: create, set, delete, check")),
        }
    };
    given.rest.iter().map(one).collect::<Result<_, _>>().map(Command::Multi)
}

fn create(given: &Arguments<'_>, stat: bool) -> Result<Command, UsageError> {
    let (path, more) = given.path(2)?;
    let kind = Kind {
        ephemeral: given.has('e'),
        sequential: given.has('s'),
        container: given.has('c'),
        ttl_ms: given.value('t')?,
    };
    let special = usize::from(kind.ephemeral || kind.sequential && kind.container);
    if special + usize::from(kind.container) + usize::from(kind.ttl_ms.is_some()) > 1 {
        return wrong("-e, -c and -t exclude each other, and so do -s and -c");
    }
    let data = more.first().map(|data| data.as_bytes().to_vec());
    let acl = more.get(1).map(|text| parse_acl(text)).transpose()?;
    Ok(Command::Create { path, data, acl, kind, stat })
}

/// `scheme:id:cdrwa`, with commas between several. The id may have colons.
fn parse_acl(text: &str) -> Result<Vec<Acl>, UsageError> {
    let one = |entry: &str| {
        let (rest, letters) = entry.rsplit_once(':')?;
        let (scheme, id) = rest.split_once(':')?;
        let perms = letters.chars().try_fold(0, |all, letter| Some(all | permission(letter)?))?;
        Some(Acl { perms, id: Id { scheme: scheme.into(), id: id.into() } })
    };
    let all = text.split(',').map(one).collect::<Option<Vec<_>>>();
    all.ok_or_else(|| UsageError(format!("\"{text}\" is not an ACL: scheme:id:cdrwa,...")))
}

fn permission(letter: char) -> Option<i32> {
    perms::LETTERS.iter().find(|(known, _)| *known == letter).map(|(_, bit)| *bit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec;

    fn typed(line: &str) -> Result<Option<Command>, UsageError> {
        parse(&split(line)?)
    }

    #[test]
    fn words_and_quotes() {
        assert_eq!(
            split(r#" set  /a "x y" 'p\q' a\ b "" "#).unwrap(),
            ["set", "/a", "x y", r"p\q", "a b", ""]
        );
        assert!(split("get \"/a").is_err());
        assert_eq!(typed("   ").unwrap(), None);
    }

    #[test]
    fn flags_stand_before_the_path_and_may_be_joined() {
        let kind = Kind { ephemeral: true, sequential: true, ..Kind::default() };
        let create =
            Command::Create { path: "/a".into(), data: None, acl: None, kind, stat: false };
        assert_eq!(typed("create -es /a").unwrap(), Some(create.clone()));
        assert_eq!(typed("create -e -s /a").unwrap(), Some(create));
        let set = Command::Set { path: "/a".into(), data: b"-1".into(), version: 3, stat: false };
        assert_eq!(typed("set -v 3 /a -1").unwrap(), Some(set));
        let run = vec!["sleep".into(), "-x".into()];
        assert_eq!(
            typed("lock /l -- sleep -x").unwrap(),
            Some(Command::Lock { path: "/l".into(), run })
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let said = |line: &str| typed(line).unwrap_err().to_string();
        assert_eq!(said("get"), "usage: get [-s] [-w] PATH");
        assert_eq!(said("get -x /a"), "usage: get [-s] [-w] PATH");
        assert_eq!(said("set /a"), "usage: set [-s] [-v VERSION] PATH DATA");
        assert_eq!(said("delete -v x /a"), "usage: delete [-v VERSION] PATH");
        assert!(said("get a").contains("must start with /"));
        assert!(said("frob /a").contains("no command"));
        assert!(said("create -e -c /a").contains("exclude"));
        assert!(said("setAcl /a world:anyone:xyz").contains("not an ACL"));
    }

    #[test]
    fn a_multi_is_a_list_of_operations() {
        let Some(Command::Multi(all)) =
            typed("multi 'create -e /a \"x y\"' 'check -v 3 /b' 'delete -v 1 /c'").unwrap()
        else {
            panic!("no multi");
        };
        assert_eq!(all.len(), 3);
        assert_eq!(all[1], Command::Check { path: "/b".into(), version: 3 });
        for wrong in ["multi", "multi 'get /a'", "multi create /a", "multi 'check /a'", "check /a"]
        {
            assert!(typed(wrong).is_err(), "{wrong}");
        }
        assert!(typed("multi 'multi \"delete /a\"'").is_err());
    }

    #[test]
    fn nothing_that_is_typed_ends_in_a_panic() {
        let words =
            ["create", "-t", "-es", "multi", "'", "\"", "\\", "/a", "-", "-v", "\u{1f600}", ""];
        let names = HELP.iter().filter_map(|(text, _)| text.split(' ').next());
        for name in names {
            for a in words {
                for b in words {
                    for c in words {
                        let _ = typed(&format!("{name} {a} {b} {c}"));
                    }
                }
            }
        }
    }

    #[test]
    fn acls() {
        let acl = parse_acl("world:anyone:cdrwa,digest:u:h=:r").unwrap();
        assert_eq!((acl[0].perms, acl[1].perms), (perms::ALL, perms::READ));
        assert_eq!(acl[1].id.id.to_str(), "u:h=");
    }
}
