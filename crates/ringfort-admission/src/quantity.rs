//! Quantities in the one form in which the server writes them (apimachinery
//! `pkg/api/resource`: CanonicalizeBytes).

/// Powers of 1000 by suffix, lowest first, and powers of 1024.
const DECIMAL: &[(&str, i32)] = &[
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY: &[(&str, u32)] =
    &[("", 0), ("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

/// The canonical form: the largest suffix that leaves a whole number, in the family of
/// suffixes of the text. `None` for what is no quantity, or is beyond what is worked out here.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if number.matches('.').count() > 1 || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    if let Some((_, power)) = BINARY.iter().find(|(name, _)| *name == suffix && !name.is_empty()) {
        return binary(sign, whole, fraction, *power);
    }
    // Digits as one whole number, and how many of them are behind the point.
    let digits: String = format!("{whole}{fraction}");
    let value: u128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let (exponent, scientific) = match DECIMAL.iter().find(|(name, _)| *name == suffix) {
        Some((_, power)) => (*power, false),
        None => (suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?, true),
    };
    let mut power = exponent - i32::try_from(fraction.len()).ok()?;
    let mut value = value;
    if value == 0 {
        return Some("0".to_owned());
    }
    // Rounded up to the smallest unit, as the server does.
    while power < -9 {
        value = value.div_ceil(10);
        power += 1;
    }
    while value.is_multiple_of(10) {
        value /= 10;
        power += 1;
    }
    // Down to a multiple of three.
    while power.rem_euclid(3) != 0 {
        value = value.checked_mul(10)?;
        power -= 1;
    }
    if scientific {
        return Some(match power {
            0 => format!("{sign}{value}"),
            power => format!("{sign}{value}e{power}"),
        });
    }
    while power > 18 {
        value = value.checked_mul(1000)?;
        power -= 3;
    }
    let (name, _) = DECIMAL.iter().find(|(_, known)| *known == power)?;
    Some(format!("{sign}{value}{name}"))
}

fn binary(sign: &str, whole: &str, fraction: &str, power: u32) -> Option<String> {
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut value = whole.checked_shl(power)?;
    if !fraction.is_empty() {
        let part: u128 = fraction.parse().ok()?;
        let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let scaled = part.checked_mul(1 << power)?;
        if !scaled.is_multiple_of(scale) {
            // A fraction of a byte is written in the other family.
            return None;
        }
        value += scaled / scale;
    }
    if value == 0 {
        return Some("0".to_owned());
    }
    let (name, power) = BINARY.iter().rev().find(|(_, power)| value.is_multiple_of(1 << power))?;
    Some(format!("{sign}{}{name}", value >> power))
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn one_form_for_one_amount() {
        for (text, want) in [
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("1.5", "1500m"),
            ("2", "2"),
            ("2000", "2k"),
            ("1024Mi", "1Gi"),
            ("0.25Gi", "256Mi"),
            ("1536Mi", "1536Mi"),
            ("128974848", "128974848"),
            ("129e6", "129e6"),
            ("100M", "100M"),
            ("0", "0"),
            ("-1000m", "-1"),
            ("0.1", "100m"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(want), "{text}");
        }
        for text in ["", "abc", "1.2.3", "1Zi"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
