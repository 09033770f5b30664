//! What a browser sees of addresses: enough to recognise one's own, not enough to learn another's.

/// `ada@example.test` -> `a***@example.test`
pub fn email(address: &str) -> String {
    match (address.chars().next(), address.rsplit_once('@')) {
        (Some(first), Some((_, host))) if first != '@' => format!("{first}***@{host}"),
        _ => "***".to_owned(),
    }
}

/// `+15550100123` -> `+*********23`
pub fn phone_number(number: &str) -> String {
    let length = number.chars().count();
    number
        .chars()
        .enumerate()
        .map(|(at, character)| if (at == 0 && character == '+') || at + 2 >= length { character } else { '*' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_first_letter_and_its_host() {
        assert_eq!(email("ada@example.test"), "a***@example.test");
        assert_eq!(email("é@example.test"), "é***@example.test");
        assert_eq!(email("@example.test"), "***");
        assert_eq!(email("nothing"), "***");
        assert_eq!(email(""), "***");
    }

    #[test]
    fn a_phone_number_keeps_its_last_two_digits() {
        assert_eq!(phone_number("+15550100123"), "+*********23");
        assert_eq!(phone_number("12"), "12");
        assert_eq!(phone_number(""), "");
    }
}
