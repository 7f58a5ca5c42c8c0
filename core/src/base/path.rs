//! Which paths are legal (Java: `PathUtils.validatePath`), and what their parent is.

/// True if `path` may name a znode.
///
/// The path starts with `/`, does not end with one (but for the root), has no empty, `.` or `..`
/// component and no character that ZooKeeper forbids. Characters outside the basic plane are
/// forbidden because Java judges UTF-16 units and their surrogates fall into U+D800..U+F8FF.
#[must_use]
pub fn is_valid(path: &str) -> bool {
    if path == "/" {
        return true;
    }
    let Some(rest) = path.strip_prefix('/') else { return false };
    rest.split('/').all(|component| {
        !component.is_empty()
            && component != "."
            && component != ".."
            && component.chars().all(is_valid_char)
    })
}

fn is_valid_char(c: char) -> bool {
    !matches!(u32::from(c), 0..=0x1f | 0x7f..=0x9f | 0xd800..=0xf8ff | 0xfff0..)
}

/// The parent of `path`: the text before the last slash, `/` for a child of the root.
/// `None` if there is no slash.
#[must_use]
pub fn parent(path: &str) -> Option<&str> {
    match path.rfind('/')? {
        0 => Some("/"),
        at => Some(&path[..at]),
    }
}

/// The last component of `path`.
#[must_use]
pub fn name(path: &str) -> &str {
    path.rfind('/').map_or(path, |at| &path[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_and_illegal_paths() {
        for good in ["/", "/a", "/a/b", "/.a", "/a..b", "/...", "/ä€", "/a b", "/\u{f900}"] {
            assert!(is_valid(good), "{good}");
        }
        for bad in
            ["", "a", "/a/", "//", "/a//b", "/.", "/a/..", "/\u{1}", "/\u{7f}", "/\u{e000}", "/😀"]
        {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    #[test]
    fn parent_and_name() {
        assert_eq!((parent("/a/b"), name("/a/b")), (Some("/a"), "b"));
        assert_eq!((parent("/a"), name("/a")), (Some("/"), "a"));
        assert_eq!(parent("a"), None);
    }
}
