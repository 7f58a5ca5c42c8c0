//! Java properties, the syntax of `zoo.cfg` (Java: `java.util.Properties.load`).
//!
//! One difference: a key keeps the number of the line it was on, so that errors can name it, and
//! the text is UTF-8 where Java reads ISO 8859-1.

/// One `key=value`, in the order of the file. A later one with the same key wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    /// Line number from 1.
    pub line: usize,
    /// The key, with escapes resolved.
    pub key: String,
    /// The value, with escapes resolved and without blanks around it (as `QuorumPeerConfig` reads
    /// it).
    pub value: String,
}

/// Reads the whole text. Like Java's, this never fails: every line means something.
pub(super) fn parse(text: &str) -> Vec<Property> {
    logical_lines(text).into_iter().map(|(line, text)| split(line, &text)).collect()
}

/// Lines without comments and empty ones; a line that ends in an odd number of backslashes goes
/// on in the next one, whose leading blanks do not count.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line).trim_start_matches(is_blank);
        if open.is_none() && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        let (number, mut joined) = open.take().unwrap_or((index + 1, String::new()));
        let backslashes = line.len() - line.trim_end_matches('\\').len();
        if backslashes % 2 == 1 {
            joined.push_str(&line[..line.len() - 1]);
            open = Some((number, joined));
        } else {
            joined.push_str(line);
            out.push((number, joined));
        }
    }
    out.extend(open);
    out
}

/// Cuts at the first unescaped blank, `=` or `:`.
fn split(line: usize, text: &str) -> Property {
    let mut escaped = false;
    let end = text.char_indices().find(|&(_, c)| {
        let ends = !escaped && (is_blank(c) || c == '=' || c == ':');
        escaped = !escaped && c == '\\';
        ends
    });
    let (key, rest) = text.split_at(end.map_or(text.len(), |(at, _)| at));
    let rest = rest.trim_start_matches(is_blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    Property { line, key: unescape(key), value: unescape(rest).trim().to_owned() }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                out.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(usize, String, String)> {
        parse(text).into_iter().map(|p| (p.line, p.key, p.value)).collect()
    }

    #[test]
    fn separators_blanks_and_comments_are_those_of_java() {
        let text = "# c\n ! c\n\na=1\n b : 2 \nc 3\nd\n e\t=\t x = y \r\nf:=4\n";
        let expected = [(4, "a", "1"), (5, "b", "2"), (6, "c", "3"), (7, "d", "")];
        let mut expected: Vec<_> = expected.into();
        expected.extend([(8, "e", "x = y"), (9, "f", "=4")]);
        let expected: Vec<_> =
            expected.into_iter().map(|(n, k, v)| (n, k.to_owned(), v.to_owned())).collect();
        assert_eq!(pairs(text), expected);
    }

    #[test]
    fn escapes_and_continued_lines() {
        let text = "a\\=b=c\\\\\nlist=1,\\\n   2,\\\n\t3\nu=\\u00e4\\q\nlast=x\\";
        let expected = [(1, "a=b", "c\\"), (2, "list", "1,2,3"), (5, "u", "äq"), (6, "last", "x")]
            .map(|(n, k, v)| (n, k.to_owned(), v.to_owned()));
        assert_eq!(pairs(text), expected);
    }
}
