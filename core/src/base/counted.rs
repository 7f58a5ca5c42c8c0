//! A number and what it counts.

use alloc::format;
use alloc::string::String;

/// `1 transaction`, `2 transactions`.
#[must_use]
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        let votes = [0, 1, 2].map(|count| counted(count, "vote", "votes"));
        assert_eq!(votes, ["0 votes", "1 vote", "2 votes"]);
    }
}
