//! Builds the page: index.html and Trunk.toml say of what.
//!
//! A finished page goes to the dist folder of Trunk.toml, a page for development to a folder
//! below target, so that nobody publishes or measures that one by mistake.

use crate::markup::{self, Link, Program};
use crate::need::{self, WASM};
use crate::probe;
use crate::shell::{cargo, root, run, target_dir};
use crate::split::{self, Data, List};
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
/// Lists the functions that come later.
pub(crate) const LATER: &str = "web/later.txt";
/// In the folder of a page with probes, the module before it got them.
pub(crate) const NAMED: &str = "named.wasm";
/// Largest download of a wasm file, in bytes after gzip: of what comes behind the first drawing.
const WASM_GZIP_BYTES_MAX: usize = 420_000;
/// The same of the first one, `FIRST_WASM`.
const FIRST_GZIP_BYTES_MAX: usize = 210_000;
const FIRST_WASM: &str = "app_bg.wasm";

/// What a page is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be worked on: compiled fast.
    Development,
    /// To be visited.
    Visitors,
    /// To see which functions run: whole, with a probe in each of them. What would come later never
    /// does; with `?fails` in the address it fails to come.
    Probing,
}

impl Purpose {
    const fn is_release(self) -> bool {
        !matches!(self, Self::Development)
    }

    fn folder(self, dist: &str) -> Result<PathBuf> {
        Ok(match self {
            Self::Development => target_dir()?.join("page-for-development"),
            Self::Visitors => root().join(dist),
            Self::Probing => target_dir()?.join("page-with-probes"),
        })
    }
}

/// Starts the page of visitors. The second half of the code comes at its first use; after a failure
/// it can be tried again. Where something is called before it is there, it comes at once, while the
/// page stands still: such a request passes by the service worker, so what that one keeps is taken
/// from it beforehand.
const VISITED: &str = "\
let later, added, kept;
    const get = () => fetch('./LATER').then(answer => answer.arrayBuffer());
    const give = (all, name) => all[name] ?? all.table.get(+name);
    const first = () => ({ first: new Proxy(globalThis.zabscopeFirst, { get: give }) });
    globalThis.zabscopeLater = () => later ??= (kept ? Promise.resolve(kept) : get())
      .then(bytes => added || WebAssembly.instantiate(bytes, first())).then(() => added = true)
      .catch(why => { later = undefined; throw why; });
    globalThis.zabscopeNow = () => {
      if (added) return true;
      try {
        if (!kept) {
          const ask = new XMLHttpRequest();
          ask.open('GET', './LATER', false);
          ask.overrideMimeType('text/plain; charset=x-user-defined');
          ask.send();
          kept = Uint8Array.from(ask.responseText, letter => letter.charCodeAt());
        }
        new WebAssembly.Instance(new WebAssembly.Module(kept), first());
        return added = true;
      } catch (why) {
        kept = undefined;
        console.error(why);
        return false;
      }
    };
    await init({ module_or_path: './WASM' });
    if (navigator.serviceWorker?.controller) get().then(bytes => kept = bytes, () => {});";

/// Starts the page with probes.
const PROBING: &str = "\
globalThis.zabscopeLater = () => new Promise((_, refuse) => location.search == '?fails' && refuse());
    globalThis.zabscopeProbed = await init({ module_or_path: './WASM' });";

/// Builds the page and gives its folder.
pub(crate) fn build(purpose: Purpose) -> Result<PathBuf> {
    need::wasm_target()?;
    let settings = markup::settings()?;
    let html = fs::read_to_string(root().join(&settings.target))
        .with_context(|| settings.target.clone())?;
    let folder = purpose.folder(&settings.dist)?;

    // Everything is compiled before the old page is removed: a failed build leaves it.
    let lines: Vec<(&str, Option<Link>)> =
        html.lines().map(|line| Ok((line, markup::link(line)?))).collect::<Result<_>>()?;
    for (_, link) in &lines {
        if let Some(Link::Rust(program)) = link {
            compile(program, purpose)?;
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
            Some(Link::Rust(program)) => page.push_str(&add_program(program, purpose, &folder)?),
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
    let folder = build(Purpose::Visitors)?;
    let (table, too_large) = sizes(&folder)?;
    print!("\n{}\n{table}", folder.display());
    ensure!(
        too_large.is_empty(),
        "{} has more bytes after gzip than it may have ({FIRST_GZIP_BYTES_MAX} for {FIRST_WASM}, \
         {WASM_GZIP_BYTES_MAX} for others): `cargo xtask later` measures anew what may come later",
        too_large.join(", ")
    );
    Ok(())
}

fn cargo_profile(program: &Program, purpose: Purpose) -> &str {
    if purpose.is_release() { &program.profile } else { DEVELOPMENT }
}

fn compile(program: &Program, purpose: Purpose) -> Result<()> {
    let profile = cargo_profile(program, purpose);
    let mut compile = cargo([
        "rustc",
        "--manifest-path",
        &program.manifest,
        "--bin",
        &program.bin,
        "--target",
        WASM,
        "--profile",
        profile,
    ]);
    if program.main && purpose.is_release() {
        // It tells what uses which constants.
        compile.args(["--", "-Clink-arg=--emit-relocs"]);
    }
    run(&mut compile)
}

fn compiled(program: &Program, purpose: Purpose) -> Result<PathBuf> {
    Ok(target_dir()?
        .join(WASM)
        .join(cargo_profile(program, purpose))
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
    let stamp = stamp(&[style.as_bytes()]);
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

/// Makes the script and the wasm file of a program; the wasm file has the names of its functions
/// if the program is the page itself.
fn bind(program: &Program, purpose: Purpose, folder: &Path) -> Result<Vec<u8>> {
    let bin = &program.bin;
    Bindgen::new()
        .input_path(compiled(program, purpose)?)
        .web(true)?
        .typescript(false)
        // The library's default would leave `init()` without the address of the wasm file.
        .omit_default_module_path(false)
        .demangle(false)
        .remove_name_section(purpose.is_release() && !program.main)
        .out_name(bin)
        .generate(folder)
        .with_context(|| format!("wasm-bindgen of {bin}"))?;
    Ok(fs::read(folder.join(format!("{bin}_bg.wasm")))?)
}

fn add_program(program: &Program, purpose: Purpose, folder: &Path) -> Result<String> {
    let bin = &program.bin;
    let wasm = format!("{bin}_bg.wasm");
    let bytes = bind(program, purpose, folder)?;
    let foreign = wasm::imports(&bytes)?.into_iter().find(|import| import.starts_with("env."));
    ensure!(foreign.is_none(), "{wasm} imports {foreign:?}, which no browser has");
    if !program.main {
        // Loaded at first use, from this address; trunk's page has it without a stamp.
        let address = format!("./{bin}.js?v={}", stamp(&[&bytes]));
        return Ok(format!("  <meta name=\"zabscope-{bin}\" content=\"{address}\">"));
    }
    // One stamp for all: a cached script never meets a wasm file of another build.
    let mut stamp = stamp(&[&bytes]);
    let init = match purpose {
        Purpose::Development => format!("await init({{ module_or_path: './{wasm}?v={stamp}' }});"),
        Purpose::Probing => {
            fs::write(folder.join(NAMED), &bytes)?;
            fs::write(folder.join(&wasm), probe::with_probes(&bytes)?)?;
            PROBING.replace("WASM", &format!("{wasm}?v={stamp}"))
        }
        Purpose::Visitors => {
            let data = Data::read(&fs::read(compiled(program, purpose)?)?)?;
            let script = folder.join(format!("{bin}.js"));
            let text = fs::read_to_string(&script)?;
            let halves = split::split(&bytes, &text, &later_list()?, &data)?;
            stamp = self::stamp(&[&halves.first, &halves.later, halves.script.as_bytes()]);
            fs::write(&script, halves.script)?;
            fs::write(folder.join(&wasm), halves.first)?;
            fs::write(folder.join(format!("{bin}_later.wasm")), halves.later)?;
            VISITED
                .replace("WASM", &format!("{wasm}?v={stamp}"))
                .replace("LATER", &format!("{bin}_later.wasm?v={stamp}"))
        }
    };
    Ok(format!(
        "  <link rel=\"modulepreload\" href=\"./{bin}.js?v={stamp}\">\n  \
         <link rel=\"preload\" href=\"./{wasm}?v={stamp}\" as=\"fetch\" type=\"application/wasm\" crossorigin>\n  \
         <script type=\"module\">\n    import init from './{bin}.js?v={stamp}';\n    \
         {init}\n  </script>"
    ))
}

/// What comes later.
fn later_list() -> Result<List> {
    Ok(List::read(&fs::read_to_string(root().join(LATER)).context(LATER)?))
}

fn stamp(parts: &[&[u8]]) -> String {
    let mut crc = Crc::new();
    parts.iter().for_each(|part| crc.update(part));
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
        let most = if name == FIRST_WASM { FIRST_GZIP_BYTES_MAX } else { WASM_GZIP_BYTES_MAX };
        if name.ends_with(".wasm") && packed > most {
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
