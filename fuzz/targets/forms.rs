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
                let masked = contact.masked();
                assert_eq!(format!("{contact:?}"), format!("{masked:?}"), "a contact shows itself");
                // A postcode names a town and is shown; a text that came in starred may come out as it was.
                let fields = [
                    (contact.person, masked.person),
                    (contact.mobile, masked.mobile),
                    (contact.phone, masked.phone),
                    (contact.fax, masked.fax),
                    (contact.email, masked.email),
                    (contact.address, masked.address),
                ];
                for (open, masked) in fields {
                    assert!(open.is_none() || open != masked || open.is_some_and(|text| text.contains('*')), "nothing is hidden");
                }
            }
        }
        Err(problems) => assert!(!problems.is_empty()),
    }
});
