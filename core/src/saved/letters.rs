//! Bytes as letters that may stand in an address: base64url without padding (RFC 4648, 5).
//!
//! The crate for base64 has tables and unrolled loops that weigh more than all of this module.

use super::SavedError;
use alloc::string::String;
use alloc::vec::Vec;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Adds the letters of these bytes.
pub(super) fn write(bytes: &[u8], out: &mut String) {
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 6 {
            count -= 6;
            push(bits >> count, out);
        }
    }
    if count > 0 {
        push(bits << (6 - count), out);
    }
}

fn push(bits: u32, out: &mut String) {
    out.push(char::from(LETTERS[(bits & 63) as usize]));
}

/// The bytes of these letters. What a writer leaves zero must be zero, so each text has one form.
pub(super) fn read(letters: &str) -> Result<Vec<u8>, SavedError> {
    let mut bytes = Vec::with_capacity(letters.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in letters.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return Err(SavedError::Alien),
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    let rest = bits & ((1 << count) - 1);
    if count < 6 && rest == 0 { Ok(bytes) } else { Err(SavedError::Alien) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    #[test]
    fn letters_are_those_of_the_standard() {
        let all: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        for from in 0..7 {
            for to in [from, from + 1, from + 2, from + 3, 500] {
                let bytes = &all[from..to];
                let mut text = String::new();
                write(bytes, &mut text);
                assert_eq!(text, URL_SAFE_NO_PAD.encode(bytes));
                assert_eq!(read(&text).unwrap(), bytes);
            }
        }
        for wrong in ["A", "AB", "AAB", "A=", "AA==", "A+", "A/", "é", "AAAAA"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
