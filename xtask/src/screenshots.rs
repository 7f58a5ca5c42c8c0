//! `cargo xtask screenshots`: the pictures of the documents, drawn by the finished page itself.

use crate::{need, page, shell::root};
use anyhow::{Context, Result};
use std::fs;
use zabscope_tests::serve;

/// What is drawn: the name of the file, the address below the page, and what must be there first.
const VIEWS: [(&str, &str, &str); 3] = [
    ("first", "#/", "#app main"),
    ("lesson", "#/run/leader-dies/3", "#lesson-next"),
    ("play", "#/play", "#app main"),
];
/// A desktop and a telephone, in CSS pixels.
const SIZES: [(&str, u32, u32); 2] = [("wide", 1440, 900), ("narrow", 390, 844)];
const THEMES: [&str; 2] = ["light", "dark"];

/// Builds the page and draws each view in each size and theme.
pub(crate) fn run() -> Result<()> {
    let browser = need::browser()?;
    let address = serve::start(&page::build(page::Purpose::Visitors)?, 0)?;
    let folder = root().join("docs/images");
    fs::create_dir_all(&folder)?;
    let browser = browser.start()?;
    for (view, path, ready) in VIEWS {
        for (size, width, height) in SIZES {
            for theme in THEMES {
                browser.viewport(width, height)?;
                browser.theme(theme)?;
                // A page opened anew, so that no picture depends on the one before it.
                browser.open("about:blank")?;
                browser.open(&format!("http://{address}/{path}"))?;
                browser.wait_for(ready)?;
                let name = format!("{view}-{size}-{theme}.png");
                let picture = browser.screenshot().with_context(|| name.clone())?;
                fs::write(folder.join(&name), &picture)?;
                println!("docs/images/{name}  {width} x {height}  {} bytes", picture.len());
            }
        }
    }
    Ok(())
}
