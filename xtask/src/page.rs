//! Builds the page: index.html and Trunk.toml say of what.
//!
//! A finished page goes to the dist folder of Trunk.toml, a page for development to a folder
//! below target, so that nobody publishes or measures that one by mistake.

use crate::markup::{self, Link, Program};
use crate::need::{self, WASM};
use crate::shell::{cargo, root, run, target_dir};
use crate::split;
use crate::wasm;
use anyhow::{Context, Result, ensure};
use flate2::{Compression, Crc, write::GzEncoder};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

/// Cargo profile of a page for development, and of the tests that run in wasm.
pub(crate) const DEVELOPMENT: &str = "wasm-dev";
/// Lists the modules that come later.
const LATER: &str = "web/later.txt";
/// Largest download of a wasm file, in bytes after gzip.
const WASM_GZIP_BYTES_MAX: usize = 280_000;

/// Builds the page and gives its folder.
pub(crate) fn build(release: bool) -> Result<PathBuf> {
    need::wasm_target()?;
    let settings = markup::settings()?;
    let html = fs::read_to_string(root().join(&settings.target))
        .with_context(|| settings.target.clone())?;
    let folder = if release {
        root().join(&settings.dist)
    } else {
        target_dir()?.join("page-for-development")
    };

    // Everything is compiled before the old page is removed: a failed build leaves it.
    let lines: Vec<(&str, Option<Link>)> =
        html.lines().map(|line| Ok((line, markup::link(line)?))).collect::<Result<_>>()?;
    for (_, link) in &lines {
        if let Some(Link::Rust(program)) = link {
            compile(program, release)?;
        }
    }
    clear(&folder)?;
    // One file for all styles: it takes a third less room than ten.
    let mut style = Some(add_style(&lines, &folder)?);
    let mut page = String::new();
    for (line, link) in &lines {
        match link {
            None => page.push_str(line),
            Some(Link::Css { .. }) => match style.take() {
                Some(style) => page.push_str(&style),
                None => continue,
            },
            Some(Link::Copy { href }) => drop(copy(href, &folder)?),
            Some(Link::Rust(program)) => page.push_str(&add_program(program, release, &folder)?),
        }
        page.push('\n');
    }
    fs::write(folder.join("index.html"), page)?;
    Ok(folder)
}

/// The folder of the finished page.
pub(crate) fn finished() -> Result<PathBuf> {
    Ok(root().join(markup::settings()?.dist))
}

/// Builds the finished page, prints the size of each file and checks that of the download.
pub(crate) fn build_checked() -> Result<()> {
    let folder = build(true)?;
    let (table, too_large) = sizes(&folder)?;
    print!("\n{}\n{table}", folder.display());
    ensure!(
        too_large.is_empty(),
        "{} has more than {WASM_GZIP_BYTES_MAX} bytes after gzip",
        too_large.join(", ")
    );
    Ok(())
}

fn cargo_profile(program: &Program, release: bool) -> &str {
    if release { &program.profile } else { DEVELOPMENT }
}

fn compile(program: &Program, release: bool) -> Result<()> {
    let profile = cargo_profile(program, release);
    run(&mut cargo([
        "build",
        "--manifest-path",
        &program.manifest,
        "--bin",
        &program.bin,
        "--target",
        WASM,
        "--profile",
        profile,
    ]))
}

fn compiled(program: &Program, release: bool) -> Result<PathBuf> {
    Ok(target_dir()?
        .join(WASM)
        .join(cargo_profile(program, release))
        .join(format!("{}.wasm", program.bin)))
}

/// Empties the folder, whatever is in it: it belongs to the page, as trunk sees it too.
fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))
}

fn copy(href: &str, folder: &Path) -> Result<PathBuf> {
    let name = Path::new(href).file_name().context("a file without a name")?;
    fs::copy(root().join(href), folder.join(name)).with_context(|| href.to_owned())?;
    Ok(name.into())
}

fn add_style(lines: &[(&str, Option<Link>)], folder: &Path) -> Result<String> {
    let mut style = String::new();
    for (_, link) in lines {
        if let Some(Link::Css { href }) = link {
            style += &fs::read_to_string(root().join(href)).with_context(|| href.clone())?;
        }
    }
    let style = tighten(&style);
    fs::write(folder.join("style.css"), &style)?;
    let stamp = stamp(style.as_bytes());
    Ok(format!("  <link rel=\"stylesheet\" href=\"./style.css?v={stamp}\">"))
}

/// Styles without remarks and without space that means nothing.
fn tighten(style: &str) -> String {
    let mut tight = String::with_capacity(style.len());
    let mut rest = style;
    while let Some((before, after)) = rest.split_once("/*") {
        tight.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    tight.push_str(rest);
    let mut style: String = tight.split_whitespace().collect::<Vec<_>>().join(" ");
    for sign in ["{", "}", ";", ","] {
        for loose in [format!(" {sign}"), format!("{sign} ")] {
            style = style.replace(&loose, sign);
        }
    }
    style.replace(";}", "}")
}

fn add_program(program: &Program, release: bool, folder: &Path) -> Result<String> {
    let bin = &program.bin;
    Bindgen::new()
        .input_path(compiled(program, release)?)
        .web(true)?
        .typescript(false)
        // The library's default would leave `init()` without the address of the wasm file.
        .omit_default_module_path(false)
        .demangle(false)
        .remove_name_section(release && !program.main)
        .out_name(bin)
        .generate(folder)
        .with_context(|| format!("wasm-bindgen of {bin}"))?;
    let wasm = format!("{bin}_bg.wasm");
    let mut bytes = fs::read(folder.join(&wasm))?;
    let foreign = wasm::imports(&bytes)?.into_iter().find(|import| import.starts_with("env."));
    ensure!(foreign.is_none(), "{wasm} imports {foreign:?}, which no browser has");
    // One stamp for all: a cached script never meets a wasm file of another build.
    let stamp = stamp(&bytes);
    if release && program.main {
        let halves = split::split(&bytes, &later_modules()?)?;
        bytes = halves.first;
        fs::write(folder.join(&wasm), &bytes)?;
        fs::write(folder.join(format!("{bin}_later.wasm")), halves.later)?;
    }
    if !program.main {
        // Loaded at first use, from this address; trunk's page has it without a stamp.
        let address = format!("./{bin}.js?v={stamp}");
        return Ok(format!("  <meta name=\"zabscope-{bin}\" content=\"{address}\">"));
    }
    let init = if release {
        // The second half of the code, at the first use; after a failure it can be tried again.
        format!(
            "let known, later; const first = new Promise(give => known = give);\n    \
             globalThis.zabscopeLater = () => later ??= Promise.all([first,\n      \
             fetch('./{bin}_later.wasm?v={stamp}').then(answer => answer.arrayBuffer())])\n      \
             .then(([first, bytes]) => WebAssembly.instantiate(bytes, {{ first }}))\n      \
             .catch(why => {{ later = undefined; throw why; }});\n    \
             known(await init({{ module_or_path: './{wasm}?v={stamp}' }}));"
        )
    } else {
        format!("await init({{ module_or_path: './{wasm}?v={stamp}' }});")
    };
    Ok(format!(
        "  <link rel=\"modulepreload\" href=\"./{bin}.js?v={stamp}\">\n  \
         <link rel=\"preload\" href=\"./{wasm}?v={stamp}\" as=\"fetch\" type=\"application/wasm\" crossorigin>\n  \
         <script type=\"module\">\n    import init from './{bin}.js?v={stamp}';\n    \
         {init}\n  </script>"
    ))
}

/// The modules whose code comes later: lines of a file, without remarks.
fn later_modules() -> Result<Vec<String>> {
    let text = fs::read_to_string(root().join(LATER)).context(LATER)?;
    let lines = text.lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(Into::into).collect())
}

fn stamp(bytes: &[u8]) -> String {
    let mut crc = Crc::new();
    crc.update(bytes);
    format!("{:08x}", crc.sum())
}

/// A table of the files, and the names of the wasm files that are too large.
fn sizes(folder: &Path) -> Result<(String, Vec<String>)> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.retain(|file| file.is_file());
    files.sort();
    let (mut table, mut too_large) = (String::new(), Vec::new());
    writeln!(table, "{:<24} {:>12} {:>12}", "file", "bytes", "gzip -9")?;
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(&file)?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&bytes)?;
        let packed = gzip.finish()?.len();
        writeln!(table, "{name:<24} {:>12} {packed:>12}", bytes.len())?;
        if name.ends_with(".wasm") && packed > WASM_GZIP_BYTES_MAX {
            too_large.push(name);
        }
    }
    Ok((table, too_large))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_lose_what_means_nothing() {
        let style =
            "/* a */\na :hover, b {\n  margin: 0 auto;\n}\n/* b */ @media (x) { c { d: e; } }";
        assert_eq!(tighten(style), "a :hover,b{margin: 0 auto}@media (x){c{d: e}}");
        assert_eq!(tighten("a { b: c } /* no end"), "a{b: c}");
    }

    #[test]
    fn a_wasm_file_that_does_not_shrink_enough_is_named() {
        let folder = std::env::temp_dir().join(format!("zabscope-sizes-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut bytes = noise(WASM_GZIP_BYTES_MAX + 1);
        fs::write(folder.join("large.wasm"), &bytes).unwrap();
        bytes.fill(0);
        fs::write(folder.join("small.wasm"), &bytes).unwrap();
        let (table, too_large) = sizes(&folder).unwrap();
        assert_eq!(too_large, ["large.wasm"]);
        assert_eq!(table.lines().count(), 3);
        fs::remove_dir_all(&folder).unwrap();
    }

    /// Bytes that no compression shortens.
    fn noise(count: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut draw = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32 & 0xff) as u8
        };
        (0..count).map(|_| draw()).collect()
    }
}
