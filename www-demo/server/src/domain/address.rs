//! Where messages go: the form of it, not whether anybody is there.

/// An e-mail address: something, one `@`, a host; nothing that would start another header or address.
pub fn is_email(address: &str) -> bool {
    const LONGEST: usize = 254;
    let forbidden =
        |character: char| character.is_whitespace() || character.is_control() || "<>,;:\"()[]\\".contains(character);
    address.len() <= LONGEST
        && !address.contains(forbidden)
        && matches!(address.split('@').collect::<Vec<_>>()[..], [name, host] if !name.is_empty() && !host.is_empty())
}

/// The address as guesses and sends are counted: mail servers do not tell capitals from small letters.
pub fn counted(address: &str) -> String {
    address.to_ascii_lowercase()
}

/// A phone number in the form of E.164: a plus, and 6 to 15 digits.
pub fn is_phone_number(number: &str) -> bool {
    number
        .strip_prefix('+')
        .is_some_and(|digits| (6..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_carry_more_than_an_address_are_refused() {
        for good in ["ada@example.test", "a.b+c@sub.example.test", "é@example.test"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "@", "ada", "ada@", "@example.test", "a@b@c", "a b@c", "a@b\r\nBcc: d@e", "a@b,c@d", "<a@b>"] {
            assert!(!is_email(bad), "{bad:?}");
        }
        assert!(!is_email(&format!("{}@example.test", "a".repeat(250))));
    }

    #[test]
    fn a_phone_number_is_a_plus_and_digits() {
        assert!(is_phone_number("+15550100123"));
        for bad in ["", "+", "15550100123", "+1555", "+1555010012a", "+1555 0100 123", "+1234567890123456"] {
            assert!(!is_phone_number(bad), "{bad:?}");
        }
    }
}
