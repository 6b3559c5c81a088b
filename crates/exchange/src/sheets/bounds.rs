//! What a workbook may unfold to. Reading one trusts counts and sizes that stand in it: a file of two kilobytes could ask for more memory
//! than there is, so these are looked at first.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::SheetError;

/// Bytes of a file, and of all that it unfolds to.
const LARGEST_FILE: usize = 32 << 20;
const LARGEST_CONTENT: u64 = 256 << 20;
/// How many strings there are is told in this attribute, and room is made for so many.
const COUNT: &[u8] = b"uniqueCount";

/// Refuses what is no archive, unfolds to more than any judging sheet, or counts more strings than it has bytes.
pub(super) fn check(file: &[u8]) -> Result<(), SheetError> {
    if !file.starts_with(b"PK") {
        return Err(SheetError::Foreign);
    }
    if file.len() > LARGEST_FILE {
        return Err(SheetError::TooLarge);
    }
    let broken = |error: &dyn std::fmt::Display| SheetError::Broken(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(|error| broken(&error))?;
    // A LibreOffice or Word document, or any other archive.
    if !archive.is_empty() && !archive.file_names().flatten().any(|name| name.starts_with("xl/")) {
        return Err(SheetError::Foreign);
    }
    let mut left = LARGEST_CONTENT;
    let mut content = Vec::new();
    for at in 0..archive.len() {
        content.clear();
        let entry = archive.by_index(at).map_err(|error| broken(&error))?;
        let read = entry.take(left + 1).read_to_end(&mut content).map_err(|error| broken(&error))? as u64;
        left = left.checked_sub(read).ok_or(SheetError::TooLarge)?;
        if counted(&content).is_some_and(|count| count > read) {
            return Err(SheetError::TooLarge);
        }
    }
    Ok(())
}

/// The largest number of strings that the content claims to hold.
fn counted(content: &[u8]) -> Option<u64> {
    let places = content.windows(COUNT.len()).enumerate().filter(|(_, window)| *window == COUNT);
    let number = |(at, _): (usize, &[u8])| {
        let digits = content[at + COUNT.len()..].iter().skip_while(|byte| !byte.is_ascii_digit());
        digits
            .take_while(|byte| byte.is_ascii_digit())
            .fold(0_u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
    };
    places.map(number).max()
}
