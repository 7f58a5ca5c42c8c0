//! The layers of core: which module may use which, checked by reading `crate::` paths.
//!
//! A module may use the modules in its row and whatever those may use. Modules of one layer do not
//! use each other, so there is no cycle.

use std::collections::BTreeSet;

/// The modules of core, bottom up, each with those directly below it.
const TABLE: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("wire", &["base"]),
    ("proto", &["wire"]),
    ("tree", &["proto"]),
    ("watch", &["proto"]),
    ("session", &["proto"]),
    ("zab", &["proto"]),
    ("trace", &["proto"]),
    ("explore", &["zab"]),
    ("server", &["tree", "watch", "session", "zab"]),
    ("client", &["proto"]),
    ("cli", &["proto"]),
    ("sim", &["base", "trace"]),
    ("recipes", &["client"]),
    ("ensemble", &["server", "recipes", "sim"]),
    ("tell", &["ensemble"]),
    ("why", &["tell"]),
    ("saved", &["ensemble"]),
    ("check", &["ensemble", "saved"]),
    ("lab", &["ensemble", "recipes", "check", "why"]),
    ("guide", &["lab"]),
];

/// Everything that `module` may use, itself included; none if the table does not have it.
fn allowed(module: &str) -> Option<BTreeSet<&'static str>> {
    let (name, below) = TABLE.iter().find(|(name, _)| *name == module)?;
    let mut all = BTreeSet::from([*name]);
    for part in *below {
        all.extend(allowed(part)?);
    }
    Some(all)
}

/// What is wrong with a file of core. `path` is below `core/src`, with `/` between its parts.
pub(crate) fn faults(path: &str, text: &str) -> Vec<String> {
    let top = path.split('/').next().unwrap_or_default();
    let module = top.strip_suffix(".rs").unwrap_or(top);
    if module == "lib" {
        return Vec::new();
    }
    let Some(allowed) = allowed(module) else {
        return vec![format!(
            "module {module} is not in the table of layers (xtask/src/layers.rs)"
        )];
    };
    let code: String = text.lines().map(without_comment).collect::<Vec<_>>().join("\n");
    used(&code)
        .into_iter()
        .filter(|name| !allowed.contains(name.as_str()))
        .map(|name| format!("{module} must not use {name} (layers of core)"))
        .collect()
}

fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with("//") { "" } else { line }
}

/// The names that directly follow `crate::`, also those in braces.
fn used(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::` and `crate::` both name this crate; `my_crate::` does not.
        let before = code[..at].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => names.extend(heads(list)),
            None => names.extend(identifier(rest)),
        }
    }
    names
}

/// The first name of each item of a list in braces; `list` starts behind the opening one.
fn heads(list: &str) -> Vec<String> {
    let (mut depth, mut expected, mut found) = (0, true, Vec::new());
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expected = true,
            _ if expected && !letter.is_whitespace() => {
                found.extend(identifier(&list[at..]));
                expected = false;
            }
            _ => {}
        }
    }
    found
}

/// A module's name; types and constants of the crate root start with a capital, and there are none.
fn identifier(text: &str) -> Option<String> {
    let name: String =
        text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::root;
    use std::fs;

    #[test]
    fn a_row_names_only_rows_above_it() {
        for (index, (name, below)) in TABLE.iter().enumerate() {
            for part in *below {
                let above = TABLE[..index].iter().any(|(name, _)| name == part);
                assert!(above, "{name} uses {part}, which comes later");
            }
        }
    }

    #[test]
    fn every_module_of_core_is_in_the_table() {
        let lib = fs::read_to_string(root().join("core/src/lib.rs")).unwrap();
        let modules =
            lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
        for module in modules {
            assert!(allowed(module).is_some(), "{module}");
        }
    }

    #[test]
    fn a_use_of_a_higher_layer_is_found() {
        let fault = |path: &str, text: &str| faults(path, text).join("; ");
        assert_eq!(fault("tree/apply.rs", "use crate::proto::Txn;\nuse crate::base::Zxid;"), "");
        assert!(fault("tree/apply.rs", "use crate::zab::Peer;").contains("must not use zab"));
        assert!(fault("wire/mod.rs", "fn f() { crate::proto::x() }").contains("proto"));
        assert!(fault("zab/a.rs", "use crate::{base::{Sid, x}, tree};").contains("tree"));
        assert!(
            fault("zab/a.rs", "use crate::{\n    base::Sid,\n    server,\n};").contains("server")
        );
        assert_eq!(fault("zab/a.rs", "/// See [`crate::server`].\n//! crate::sim"), "");
        assert_eq!(fault("sim/world.rs", "use crate::trace::Tape; use my_crate::zab;"), "");
        assert!(fault("sim/world.rs", "use crate::zab::Peer;").contains("zab"));
        assert!(fault("novel.rs", "").contains("not in the table"));
    }
}
