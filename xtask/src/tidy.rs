//! Rules of this project's files that neither the compiler nor clippy knows.

use crate::{layers, shell::root};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest source file, tests included.
const LINES_MAX: usize = 600;
/// Folders that hold what was built, fetched or recorded.
const SKIP: [&str; 7] = ["target", "dist", ".git", ".cache", "node_modules", "golden", "corpus"];
/// Endings of the files that people write.
const TEXT: [&str; 10] = ["rs", "toml", "md", "html", "css", "js", "yml", "py", "sh", "json"];
/// Words that must not stay in the code. Put together here, so that this file has none of them.
const LEFTOVERS: [&str; 3] = [concat!("db", "g!("), concat!("FIX", "ME"), concat!("TO", "DO")];

/// A rule, and what it finds in a file.
type Rule = (&'static str, fn(&str, &str) -> Vec<String>);

const RULES: [Rule; 7] = [
    ("files of at most 600 lines", length),
    ("layers of core", |path, text| match path.strip_prefix("core/src/") {
        Some(path) => layers::faults(path, text),
        None => Vec::new(),
    }),
    ("no leftovers", leftovers),
    ("no space at the end of a line, no tab, one newline at the end", spaces),
    ("module headers", header),
    ("links between documents", links),
    ("docs/MIXED.md names the tests of tests/mixed.rs", mixed),
];

/// Each rule with the places where it is broken.
pub(crate) fn check() -> Result<Vec<(&'static str, Vec<String>)>> {
    let mut results: Vec<_> = RULES.iter().map(|(name, _)| (*name, Vec::new())).collect();
    for path in files()? {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let path = path.strip_prefix(root())?.to_string_lossy().replace('\\', "/");
        for ((_, rule), (_, faults)) in RULES.iter().zip(&mut results) {
            faults.extend(rule(&path, &text).into_iter().map(|fault| format!("{path}: {fault}")));
        }
    }
    Ok(results)
}

fn files() -> Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![root()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIP.contains(&name.as_str()) {
                    open.push(path);
                }
            } else if ending(&name).is_some_and(|ending| TEXT.contains(&ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn ending(path: &str) -> Option<&str> {
    Path::new(path).extension()?.to_str()
}

fn is_code(path: &str) -> bool {
    matches!(ending(path), Some("rs" | "css" | "js" | "py" | "sh"))
}

fn length(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let too_long = is_code(path) && lines > LINES_MAX;
    too_long.then(|| format!("{lines} lines")).into_iter().collect()
}

fn leftovers(path: &str, text: &str) -> Vec<String> {
    if !is_code(path) {
        return Vec::new();
    }
    each_line(text, |line| {
        LEFTOVERS.iter().find(|word| line.contains(**word)).map(|word| format!("has {word}"))
    })
}

fn spaces(_: &str, text: &str) -> Vec<String> {
    let mut faults = each_line(text, |line| {
        if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
            return Some("a mark of a merge".to_owned());
        }
        let spaced = line.ends_with([' ', '\t']) || line.contains('\t') || line.ends_with('\r');
        spaced.then(|| "space at the end, or a tab".to_owned())
    });
    if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
        faults.push("does not end with one newline".to_owned());
    }
    faults
}

fn header(path: &str, text: &str) -> Vec<String> {
    // The tests of a module stand beside it and need no words of their own.
    let exempt = ending(path) != Some("rs") || path.ends_with("/tests.rs");
    let missing = !exempt && !text.starts_with("//! ");
    missing.then(|| "does not start with a module header (//!)".to_owned()).into_iter().collect()
}

/// Links of a document to files that do not exist.
fn links(path: &str, text: &str) -> Vec<String> {
    if ending(path) != Some("md") {
        return Vec::new();
    }
    let document = root().join(path);
    let folder = document.parent().unwrap_or(&document);
    each_line(text, |line| {
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let mut files = targets
            .filter(|target| !target.contains("://") && !target.starts_with(['#', '<']))
            .map(|target| target.split('#').next().unwrap_or_default());
        files.find(|file| !folder.join(file).exists()).map(|file| format!("links to {file}"))
    })
}

/// The matrix names each test of the mixed ensembles, and nothing that is none.
fn mixed(path: &str, text: &str) -> Vec<String> {
    if path != "docs/MIXED.md" {
        return Vec::new();
    }
    match fs::read_to_string(root().join("tests/mixed.rs")) {
        Ok(tests) => unequal_names(text, &tests),
        Err(error) => vec![format!("tests/mixed.rs: {error}")],
    }
}

fn unequal_names(document: &str, code: &str) -> Vec<String> {
    let name = |rest: &str| {
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        rest[..end.unwrap_or(rest.len())].to_owned()
    };
    let tests: BTreeSet<String> = code.split("#[test]\nfn ").skip(1).map(name).collect();
    let quoted = document.split('`').skip(1).step_by(2);
    let named: BTreeSet<String> = quoted
        .filter(|word| word.contains('_') && name(word) == **word)
        .map(str::to_owned)
        .collect();
    let missing = tests.difference(&named).map(|test| format!("does not name {test}"));
    missing.chain(named.difference(&tests).map(|word| format!("{word} is no test"))).collect()
}

/// The faults of single lines, with their numbers.
fn each_line(text: &str, fault: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let numbered = text.split('\n').enumerate();
    numbered
        .filter_map(|(index, line)| fault(line).map(|fault| format!("line {}: {fault}", index + 1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_finds_its_fault_and_passes_good_files() {
        let good = "//! Header.\n\nfn f() {}\n";
        for (name, rule) in RULES {
            assert!(rule("native/src/a.rs", good).is_empty(), "{name}");
        }
        let long = "//! Header.\n".repeat(LINES_MAX + 1);
        assert_eq!(length("a.rs", &long).len(), 1);
        assert!(length("a.md", &long).is_empty());
        for word in LEFTOVERS {
            assert_eq!(leftovers("a.rs", &format!("x\n// {word} x)\n")).len(), 1, "{word}");
        }
        assert_eq!(
            spaces("a.rs", "a \nb\tc\nd"),
            [
                "line 1: space at the end, or a tab",
                "line 2: space at the end, or a tab",
                "does not end with one newline",
            ]
        );
        assert_eq!(header("a.rs", "fn f() {}\n").len(), 1);
        assert!(header("a/tests.rs", "use super::*;\n").is_empty());
        let document = "[a](Cargo.toml) [b](https://x.y) [c](#d)\n[e](none.md#f)\n";
        assert_eq!(links("README.md", document), ["line 2: links to none.md"]);
        let code = "#[test]\nfn one_cell() -> Result<()> {\nfn no_test() {\n#[test]\nfn two() {";
        assert_eq!(
            unequal_names("`one_cell` `two_cells` `tests/a_b.rs`", code),
            ["does not name two", "two_cells is no test",]
        );
        assert_eq!(RULES[1].1("core/src/wire/a.rs", "use crate::zab::X;").len(), 1);
    }
}
