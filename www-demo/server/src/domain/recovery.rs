//! How recovery codes are spelled.

/// How many a user gets at once.
pub const CODES: usize = 10;

/// Crockford's base 32: no two of these are easily taken for each other.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A code of 50 random bits, as it is shown: `4k7xq-m20vd`.
pub fn spelled(random: [u8; 10]) -> String {
    let mut code: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    code.insert(5, '-');
    code
}

/// What a person has typed, as it was shown: capitals, spaces and look-alikes do not matter.
pub fn normalised(typed: &str) -> String {
    let mut code: String = typed
        .chars()
        .filter(|character| !character.is_whitespace() && *character != '-')
        .map(|character| match character.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    if code.is_char_boundary(5) && code.len() > 5 {
        code.insert(5, '-');
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = spelled([0, 1, 31, 32, 33, 200, 201, 255, 10, 17]);
        assert_eq!(code, "01z01-89zah");
        for typed in ["01z01-89zah", "O1Z0189ZAH", " 0lz0i 89zah ", "01z0189zah"] {
            assert_eq!(normalised(typed), code, "{typed}");
        }
        for wrong in ["", "01z01", "01z01-89zaj", "é€01z0189"] {
            assert_ne!(normalised(wrong), code, "{wrong}");
        }
    }
}
