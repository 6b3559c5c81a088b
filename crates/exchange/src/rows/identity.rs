//! Identifiers for rows whose source gives none, so that the same file imported again changes nothing, and a corrected row
//! changes its record.

use domain::forms::column;
use domain::{Kind, Profile};

/// How a derived identifier begins.
pub(super) const PREFIX: &str = "auto-";

/// The identifier of a row by what tells records of its registry apart.
pub(super) fn derived(profile: &Profile) -> String {
    let values: Vec<&str> = match profile {
        Profile::Need(need) => vec![&need.title, &need.enterprise_name],
        Profile::Enterprise(enterprise) => vec![&enterprise.name],
        Profile::Expert(expert) => vec![&expert.name, &expert.organisation],
        Profile::Station(station) => vec![&station.name],
        Profile::Achievement(found) => vec![&found.title, &found.owner, found.achievement_type.slug()],
        Profile::Society(society) => vec![&society.name],
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(profile.kind().slug().as_bytes());
    for value in values {
        // No text holds the separator, so that neighbouring fields cannot run into each other.
        hasher.update(&[0]).update(normal(value).as_bytes());
    }
    format!("{PREFIX}{}", &hasher.finalize().to_hex()[..16])
}

/// What rows without an identifier are told apart by, in Chinese.
pub(super) fn explanation(kind: Kind) -> String {
    let keys: &[&str] = match kind {
        Kind::Need => &["title", "enterprise_name"],
        Kind::Enterprise | Kind::Station | Kind::Society => &["name"],
        Kind::Expert => &["name", "organisation"],
        Kind::Achievement => &["title", "owner", "achievement_type"],
    };
    let labels = keys.iter().filter_map(|key| column(kind, key)).map(|column| column.labels[0]);
    let labels = labels.collect::<Vec<_>>().join("”“");
    format!("按“{labels}”识别：这些内容相同的行算同一条记录")
}

/// Equal for spellings that differ only in spaces, case and full-width forms.
fn normal(text: &str) -> String {
    let narrow = |c: char| match c {
        '！'..='～' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    };
    let seen = |c: &char| !c.is_whitespace() && !c.is_control();
    text.chars().filter(seen).map(narrow).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Achievement, Enterprise, Expert, Need, Society, Station};

    fn expert(name: &str, organisation: &str, bio: &str) -> String {
        let (name, organisation, bio) = (name.to_owned(), organisation.to_owned(), bio.to_owned());
        derived(&Profile::Expert(Expert { name, organisation, bio, ..Expert::default() }))
    }

    #[test]
    fn only_what_identifies_a_record_counts() {
        let one = expert("王 明", "皖江理工大学（A区）", "");
        assert_eq!(one, expert("王明", "皖江理工大学(a区)", "简介"));
        for other in [
            expert("王明", "", ""),
            expert("王", "明皖江理工大学（A区）", ""),
            expert("李明", "皖江理工大学（A区）", ""),
        ] {
            assert_ne!(one, other);
        }
        let need = Need { title: "王明".to_owned(), ..Need::default() };
        assert_ne!(derived(&Profile::Need(need)), expert("王明", "", ""));
    }

    /// Records are found by it for years.
    #[test]
    fn the_identifier_never_changes() {
        let named = || "皖江".to_owned();
        let derived = [
            derived(&Profile::Need(Need { title: named(), enterprise_name: named(), ..Need::default() })),
            derived(&Profile::Enterprise(Enterprise { name: named(), ..Enterprise::default() })),
            expert("王明", "皖江理工大学", ""),
            derived(&Profile::Station(Station { name: named(), ..Station::default() })),
            derived(&Profile::Achievement(Achievement {
                title: named(),
                owner: named(),
                ..Achievement::default()
            })),
            derived(&Profile::Society(Society { name: named(), ..Society::default() })),
        ];
        let pinned = [
            "auto-564e57970093e798",
            "auto-d2f7d85a2083bfb6",
            "auto-02a24352d9a3b6a0",
            "auto-e0f5a6856f0c22cd",
            "auto-95632f758c3dd5ff",
            "auto-d56b2246ff11be0e",
        ];
        assert_eq!(derived, pinned);
    }
}
