//! index.html and Trunk.toml as trunk reads them, as far as this project uses them.
//!
//! The page is described once, for trunk. A trunk link stands on a line of its own; the settings
//! of Trunk.toml are strings, numbers and one-line lists of strings.

use crate::shell::root;
use anyhow::{Context, Result, bail, ensure};
use std::fs;

/// One `data-trunk` line of index.html.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// A style sheet, copied to the page.
    Css {
        /// Path from the top folder.
        href: String,
    },
    /// A file that is copied to the page under its own name.
    Copy {
        /// Path from the top folder.
        href: String,
    },
    /// A program, compiled to wasm.
    Rust(Program),
}

/// A binary target that is part of the page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// Path of its Cargo.toml from the top folder.
    pub(crate) manifest: String,
    /// Name of the target, and stem of the produced files.
    pub(crate) bin: String,
    /// Started by the page itself, not by a script later on.
    pub(crate) main: bool,
    /// Cargo profile of the finished page.
    pub(crate) profile: String,
}

/// The settings of Trunk.toml.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The html file, from the top folder.
    pub(crate) target: String,
    /// Folder of the finished page, from the top folder.
    pub(crate) dist: String,
    /// What to watch for changes, from the top folder.
    pub(crate) watch: Vec<String>,
    /// Port to serve on.
    pub(crate) port: u16,
}

/// Reads Trunk.toml.
pub(crate) fn settings() -> Result<Settings> {
    let text = fs::read_to_string(root().join("Trunk.toml")).context("Trunk.toml")?;
    let value = |section: &str, name: &str| {
        setting(&text, section, name).with_context(|| format!("Trunk.toml: [{section}] {name}"))
    };
    let plain = |text: &str| text.trim_matches('"').to_owned();
    let watch = value("watch", "watch")?;
    let watch = watch.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
    let watch = watch.context("Trunk.toml: watch is not a list on one line")?;
    let dist = plain(value("build", "dist")?);
    // The folder is emptied before each build.
    ensure!(is_folder_name(&dist), "Trunk.toml: dist is not the name of a folder at the top");
    Ok(Settings {
        target: plain(value("build", "target")?),
        dist,
        watch: watch.split(',').map(|item| plain(item.trim())).collect(),
        port: value("serve", "port")?.parse().context("Trunk.toml: port")?,
    })
}

fn is_folder_name(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('.') && !text.contains(['/', '\\'])
}

/// The text after `name =` in a section of a simple TOML file.
fn setting<'a>(text: &'a str, section: &str, name: &str) -> Option<&'a str> {
    let header = format!("[{section}]");
    let lines = text.lines().map(str::trim);
    let mut inside = lines.skip_while(|line| *line != header).skip(1);
    inside
        .by_ref()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
}

/// The trunk link on this line of index.html, if there is one.
pub(crate) fn link(line: &str) -> Result<Option<Link>> {
    if !line.contains("data-trunk") {
        return Ok(None);
    }
    let line = line.trim();
    ensure!(line.starts_with("<link ") && line.ends_with('>'), "not one link on one line: {line}");
    let get = |name: &str| attribute(line, name).with_context(|| format!("no {name} in {line}"));
    let href = get("href")?.to_owned();
    match get("rel")? {
        "css" => Ok(Some(Link::Css { href })),
        "copy-file" => Ok(Some(Link::Copy { href })),
        "rust" => {
            let main = match get("data-type")? {
                "main" => true,
                "worker" => false,
                other => bail!("data-type {other} in {line}"),
            };
            let target = attribute(line, "data-bindgen-target").unwrap_or("web");
            ensure!(target == "web", "only the bindgen target web is built: {line}");
            ensure!(attribute(line, "data-wasm-opt") == Some("0"), "no wasm-opt is run: {line}");
            Ok(Some(Link::Rust(Program {
                manifest: href,
                bin: get("data-bin")?.to_owned(),
                main,
                profile: get("data-cargo-profile-release")?.to_owned(),
            })))
        }
        other => bail!("a trunk link of kind {other}: {line}"),
    }
}

fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> Vec<Link> {
        let html = fs::read_to_string(root().join(settings().unwrap().target)).unwrap();
        html.lines().filter_map(|line| link(line).unwrap()).collect()
    }

    #[test]
    fn the_page_names_things_that_exist() {
        let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let mut programs = 0;
        for link in links() {
            match link {
                Link::Css { href } | Link::Copy { href } => {
                    assert!(root().join(&href).is_file(), "{href}")
                }
                Link::Rust(program) => {
                    let manifest = fs::read_to_string(root().join(&program.manifest)).unwrap();
                    let name = format!("name = \"{}\"", program.bin);
                    assert!(manifest.contains(&name), "{} has no {name}", program.manifest);
                    let profile = format!("[profile.{}]", program.profile);
                    assert!(workspace.contains(&profile), "{profile}");
                    programs += usize::from(program.main);
                }
            }
        }
        assert_eq!(programs, 1, "a page has one main program");
    }

    #[test]
    fn the_settings_name_things_that_exist() {
        let settings = settings().unwrap();
        assert!(settings.port > 1023);
        assert!(!settings.watch.is_empty());
        for path in settings.watch {
            assert!(root().join(&path).exists(), "{path}");
        }
        let ignored = fs::read_to_string(root().join(".gitignore")).unwrap();
        assert!(ignored.lines().any(|line| line == format!("/{}", settings.dist)));
    }

    #[test]
    fn the_folder_that_is_emptied_lies_at_the_top() {
        assert!(is_folder_name("dist"));
        for wrong in ["", ".", "..", "a/b", "/", "../x", ".git"] {
            assert!(!is_folder_name(wrong), "{wrong}");
        }
    }

    #[test]
    fn wasm_bindgen_has_one_version_everywhere() {
        let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
        let pin = |text: &str, name: &str| {
            let start = format!("{name} = \"=");
            let (_, rest) = text.split_once(&start).unwrap_or_else(|| panic!("{start}"));
            rest.split_once('"').unwrap().0.to_owned()
        };
        let version = pin(&read("web/Cargo.toml"), "wasm-bindgen");
        assert_eq!(version, pin(&read("xtask/Cargo.toml"), "wasm-bindgen-cli-support"));
        let lock = read("Cargo.lock");
        assert!(lock.contains(&format!("name = \"wasm-bindgen\"\nversion = \"{version}\"")));
    }

    #[test]
    fn a_link_is_read_or_refused() {
        assert_eq!(link("<link rel=\"icon\" href=\"data:,\">").unwrap(), None);
        let css = link("  <link data-trunk rel=\"css\" href=\"a.css\">").unwrap();
        assert_eq!(css, Some(Link::Css { href: "a.css".into() }));
        assert!(link("<link data-trunk rel=\"copy-dir\" href=\"x\">").is_err());
        assert!(link("<link data-trunk rel=\"css\" href=\"x\"").is_err());
    }
}
