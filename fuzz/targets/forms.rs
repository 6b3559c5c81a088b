//! A form as the API takes it: JSON, the first byte says of which registry.
#![no_main]

use domain::{Kind, forms};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, json)) = bytes.split_first() else { return };
    let kind = Kind::ALL[usize::from(choice) % Kind::ALL.len()];
    let Ok(form) = serde_json::from_slice::<serde_json::Value>(json) else { return };
    match forms::parse(kind, form) {
        Ok(draft) => {
            // What was taken in can be stored, shown and indexed.
            let stored = draft.profile.to_json();
            let again = domain::Profile::from_json(kind, &stored).expect("what was written can be read");
            assert_eq!(again, draft.profile);
            let _ = (again.passages(), again.names());
            if let Some(contact) = draft.contact {
                let _ = contact.masked();
                assert!(!format!("{contact:?}").contains("138"), "a contact shows itself");
            }
        }
        Err(problems) => assert!(!problems.is_empty()),
    }
});
