//! Files that are something else than their name says, told by their first bytes.

use crate::FileError;

const AS_CSV: &str = "请另存为 CSV UTF-8 后再导入";
const UNPACK: &str = "请解压后再导入里面的 CSV 或 JSON Lines 文件";
const NOT_A_TABLE: &str = "请把内容整理成表格，另存为 CSV UTF-8 后再导入";

/// Signatures at the very beginning, and what bears them.
const SIGNATURES: [(&[u8], &str, &str); 9] = [
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版 Office 文件（.xls 或 .doc）", AS_CSV),
    (b"%PDF", " PDF 文件", NOT_A_TABLE),
    (b"{\\rtf", " RTF 文档", NOT_A_TABLE),
    (b"\x1f\x8b", " gzip 压缩文件（.gz）", UNPACK),
    (b"BZh", " bzip2 压缩文件（.bz2）", UNPACK),
    (b"\x28\xb5\x2f\xfd", " Zstandard 压缩文件（.zst）", UNPACK),
    (b"\xfd7zXZ", " xz 压缩文件（.xz）", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", " 7z 压缩文件", UNPACK),
    (b"Rar!", " RAR 压缩文件", UNPACK),
];

/// Names of entries that tell which kind of document a ZIP archive holds.
const ENTRIES: [(&[u8], &str, &str); 4] = [
    (b"xl/", " Excel 工作簿（.xlsx）", AS_CSV),
    (b"opendocument.spreadsheet", " ODF 表格（.ods）", AS_CSV),
    (b"word/", " Word 文档（.docx）", NOT_A_TABLE),
    (b"ppt/", " PowerPoint 演示文稿（.pptx）", NOT_A_TABLE),
];

/// Refuses what begins like a workbook, a document or an archive, and pages of HTML under the name of a table.
pub(super) fn refuse_foreign(window: &[u8]) -> Result<(), FileError> {
    let foreign =
        |&(_, what, remedy): &(&[u8], &'static str, &'static str)| Err(FileError::Foreign { what, remedy });
    if window.starts_with(b"PK\x03\x04") {
        let zip: (&[u8], _, _) = (b"", " ZIP 压缩文件", UNPACK);
        let entry = ENTRIES.iter().find(|(name, ..)| holds(window, name));
        return foreign(entry.unwrap_or(&zip));
    }
    if let Some(signature) = SIGNATURES.iter().find(|(first, ..)| window.starts_with(first)) {
        return foreign(signature);
    }
    let start = window.trim_ascii_start();
    let tag = start.get(..start.len().min(9)).unwrap_or_default();
    let tag = tag.to_ascii_lowercase();
    let markup: [&[u8]; 5] = [b"<html", b"<!doctype", b"<table", b"<meta", b"<?xml"];
    if markup.iter().any(|first| tag.starts_with(first)) {
        return foreign(&(b"", "网页或 XML 文件", "请用 Excel 打开，另存为 CSV UTF-8 后再导入"));
    }
    Ok(())
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
