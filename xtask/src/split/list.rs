//! The list of what comes later (`web/later.txt`): how its lines fit names, and how it is made.

use std::collections::BTreeSet;

/// What stands before a line about functions that stay in the first half, though they are made for
/// a type whose code comes later.
const STAYS: &str = "! ";

/// Paths of functions that come later.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    later: Vec<String>,
    stays: Vec<String>,
}

/// How a function belongs to what comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belongs {
    /// A line names it.
    Itself,
    /// It is made for a type that a line names. The compiler may have merged it with its like for
    /// another type: if the first half calls it, it belongs there.
    ByType,
}

impl List {
    /// Reads lines; empty ones and remarks (`#`) say nothing.
    pub(crate) fn read(text: &str) -> Self {
        let mut list = Self::default();
        for line in text.lines().map(str::trim) {
            if let Some(path) = line.strip_prefix(STAYS) {
                list.stays.push(path.to_owned());
            } else if !line.is_empty() && !line.starts_with('#') {
                list.later.push(line.to_owned());
            }
        }
        list
    }

    /// The lines.
    pub(crate) fn text(&self) -> String {
        let stays = self.stays.iter().map(|path| format!("{STAYS}{path}\n"));
        let later = self.later.iter().map(|path| format!("{path}\n"));
        later.chain(stays).collect()
    }

    /// How the function of this name belongs to what comes later, if it does.
    pub(super) fn belongs(&self, name: &str) -> Option<Belongs> {
        let own = own(name);
        if self.later.iter().any(|path| fits(own, path)) {
            return Some(Belongs::Itself);
        }
        let by_type = self.later.iter().any(|path| mentions(name, path));
        let stays = by_type && self.stays.iter().any(|path| fits(own, path));
        (by_type && !stays).then_some(Belongs::ByType)
    }

    /// Adds the shortest path for each of `wanted` that fits none of `kept`; a name that is among
    /// those too, as another function's, is left out.
    pub(crate) fn add<'a>(
        &mut self,
        wanted: impl Iterator<Item = &'a str>,
        kept: &BTreeSet<&'a str>,
    ) {
        let mut paths: BTreeSet<String> = self.later.drain(..).collect();
        for name in wanted {
            let own = own(name);
            if !paths.iter().any(|path| fits(own, path)) {
                paths.extend(shortest(own, kept));
            }
        }
        self.later.extend(paths);
        self.stays = kept
            .iter()
            .filter(|name| self.later.iter().any(|path| mentions(name, path)))
            .map(|name| own(name).to_owned())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
    }
}

/// A name from where its path begins.
fn own(name: &str) -> &str {
    name.trim_start_matches(['<', '&'])
}

const fn is_of_word(sign: u8) -> bool {
    sign.is_ascii_alphanumeric() || sign == b'_'
}

/// True if a name begins with a path, which ends where a word of the name ends.
fn fits(name: &str, path: &str) -> bool {
    name.strip_prefix(path).is_some_and(|rest| !rest.bytes().next().is_some_and(is_of_word))
}

/// True if a path stands within a name.
fn mentions(name: &str, path: &str) -> bool {
    name.match_indices(path).any(|(at, _)| {
        let before = name[..at].bytes().next_back();
        !before.is_some_and(is_of_word) && fits(&name[at..], path)
    })
}

/// The shortest path of a name that none of `kept` begins with: it ends where a word ends, and has
/// two words or more.
fn shortest(name: &str, kept: &BTreeSet<&str>) -> Option<String> {
    let bytes = name.as_bytes();
    let ends = (1..=bytes.len()).filter(|at| {
        let is_end = *at == bytes.len() || !is_of_word(bytes[*at]);
        is_end && (is_of_word(bytes[at - 1]) || *at == bytes.len())
    });
    ends.map(|end| &name[..end])
        .filter(|path| path.contains("::"))
        .find(|path| !kept.iter().any(|kept| fits(own(kept), path)))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fits_whole_words() {
        assert!(fits("page::View>::draw", "page::View"));
        assert!(!fits("pages::View", "page"));
        assert!(mentions("drop_in_place::<page::View>", "page::View"));
        assert!(!mentions("drop_in_place::<page::Views>", "page::View"));
        assert!(!mentions("drop_in_place::<front_page::View>", "page::View"));
    }

    #[test]
    fn a_list_has_the_shortest_paths_that_keep_what_is_kept() {
        let kept =
            BTreeSet::from(["web::app::App::new", "drop::<web::log::Log>", "<web::Page>::new"]);
        let wanted = [
            "web::app::App::old",
            "<web::log::Log as Draw>::draw",
            "web::log::read",
            "<web::Page>::old",
        ];
        let mut list = List::default();
        list.add(wanted.into_iter(), &kept);
        let text = "web::Page>::old\nweb::app::App::old\nweb::log\n! drop::<web::log::Log>\n";
        assert_eq!(list.text(), text);
        let again = List::read(&format!("# remark\n\n{text}"));
        assert_eq!(again.text(), text);
        assert_eq!(again.belongs("web::log::other"), Some(Belongs::Itself));
        assert_eq!(again.belongs("clone::<web::log::Log>"), Some(Belongs::ByType));
        assert_eq!(again.belongs("drop::<web::log::Log>"), None);
        assert_eq!(again.belongs("web::app::App::new"), None);
    }
}
