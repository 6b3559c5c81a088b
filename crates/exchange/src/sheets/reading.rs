//! A filled sheet read back, wherever its columns have gone, whichever program saved it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::Cursor;

use calamine::{DataRef, Reader, Xlsx};
use domain::{Kind, RecordId};

use super::{CANDIDATE, JUDGE, LEVEL, LEVELS, NEED, NOTE, SheetError, bounds};

/// The heading stands in one of the first rows.
const HEADING_WITHIN: u32 = 10;
/// More cells than any judging sheet has.
const MOST_CELLS: usize = 2_000_000;
/// Characters of a remark that are kept, and that a judge's name may have.
const LONGEST_NOTE: usize = 2_000;
const LONGEST_NAME: usize = 50;

/// What a filled workbook says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilledSheet {
    /// The name that the judge wrote on the guide.
    pub judge: Option<String>,
    /// Rows with a level.
    pub rows: Vec<FilledRow>,
    /// Rows whose level was left blank.
    pub blank: usize,
    /// Cells that cannot be read, by row; none of these rows is among `rows`.
    pub problems: Vec<CellProblem>,
}

/// A row with a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledRow {
    /// The need.
    pub need: NeedName,
    /// The candidate.
    pub candidate: RecordId,
    /// 1 to 4.
    pub level: u8,
    /// Empty when nothing was remarked.
    pub note: String,
    place: Place,
}

/// How a row names its need.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NeedName {
    /// By our own number, `need-42`.
    Id(RecordId),
    /// By that of its source, `XQ-042`.
    External(String),
}

impl fmt::Display for NeedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::External(id) => f.write_str(id),
        }
    }
}

/// Where a row stands, and under which letters its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    row: u32,
    columns: [u32; 3],
}

/// A cell that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellProblem {
    /// The row, from 1, as the program shows it.
    pub row: u32,
    /// The cell, `G12`.
    pub cell: String,
    /// The heading of its column.
    pub heading: &'static str,
    /// One Chinese sentence.
    pub detail: String,
}

/// `第 12 行“相关程度”列（G12）：……`
impl fmt::Display for CellProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "第 {} 行“{}”列（{}）：{}", self.row, self.heading, self.cell, self.detail)
    }
}

impl FilledRow {
    /// Says that the need or the candidate of this row is wrong.
    pub fn problem(&self, of_need: bool, detail: impl Into<String>) -> CellProblem {
        self.place.problem(if of_need { NEED } else { CANDIDATE }, detail.into())
    }
}

impl Place {
    fn problem(&self, heading: &'static str, detail: String) -> CellProblem {
        let at = [NEED, CANDIDATE, LEVEL].iter().position(|known| *known == heading).unwrap_or(2);
        let cell = format!("{}{}", letters(self.columns[at]), self.row);
        CellProblem { row: self.row, cell, heading, detail }
    }
}

/// The cells of a sheet that say something: row and column from 0, text.
type Cells = BTreeMap<u32, HashMap<u32, String>>;

/// Reads the bytes of an .xlsx file.
///
/// # Errors
/// When it is no workbook, or no sheet of it has the headings.
pub fn read(file: &[u8]) -> Result<FilledSheet, SheetError> {
    bounds::check(file)?;
    let broken = |error: calamine::XlsxError| SheetError::Broken(error.to_string());
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(file)).map_err(broken)?;
    let (mut filled, mut judge) = (None, None);
    for sheet in workbook.sheet_names() {
        let cells = match cells(&mut workbook, &sheet) {
            // A sheet that holds a chart.
            Err(calamine::XlsxError::NotAWorksheet(_)) => continue,
            other => other.map_err(broken)?,
        };
        if judge.is_none() {
            judge =
                named_judge(&cells).map(|name| judge_name(&name)).transpose().map_err(SheetError::BadName)?;
        }
        if filled.is_none()
            && let Some((heading, columns)) = headings(&sheet, &cells)?
        {
            filled = Some(rows(&cells, heading, &columns));
        }
    }
    let filled = filled.ok_or(SheetError::NoTable)?;
    Ok(FilledSheet { judge, ..filled })
}

fn cells(workbook: &mut Xlsx<Cursor<&[u8]>>, sheet: &str) -> Result<Cells, calamine::XlsxError> {
    let mut reader = workbook.worksheet_cells_reader(sheet)?;
    let mut cells = Cells::new();
    let mut count = 0;
    while let Some(cell) = reader.next_cell()? {
        let text = text(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let (row, column) = cell.get_position();
        cells.entry(row).or_default().insert(column, text);
        count += 1;
        if count > MOST_CELLS {
            return Err(calamine::XlsxError::Unexpected("too many cells"));
        }
    }
    Ok(cells)
}

/// A cell as people read it; empty when it says nothing.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Int(number) => number.to_string(),
        // Of a whole number, without a point.
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::DateTime(date) => date.as_f64().to_string(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

/// The name of a judge as it is kept.
///
/// # Errors
/// What is wrong with it, in Chinese: a name that was cut could be another person's.
pub fn judge_name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    if name.is_empty() {
        Err("是空的，请填写姓名或代号")
    } else if name.chars().any(char::is_control) {
        Err("里有换行等控制字符，请只写一个姓名或代号")
    } else if name.chars().count() > LONGEST_NAME {
        Err("太长，最多 50 个字，请只写一个姓名或代号")
    } else {
        Ok(name.to_owned())
    }
}

/// The text beside the cell that asks for the judge's name.
fn named_judge(cells: &Cells) -> Option<String> {
    let plain = |text: &str| bare(text).trim_end_matches(['：', ':']).to_owned();
    cells.values().take(HEADING_WITHIN as usize).find_map(|row| {
        let (asked, _) = row.iter().find(|(_, text)| plain(text) == JUDGE)?;
        row.get(&(asked + 1)).cloned()
    })
}

/// The columns of need, candidate and level, and that of the remarks where there is one.
struct Columns {
    keys: [u32; 3],
    note: Option<u32>,
}

fn headings(sheet: &str, cells: &Cells) -> Result<Option<(u32, Columns)>, SheetError> {
    for (row, texts) in cells.range(..HEADING_WITHIN) {
        let mut found = [None; 4];
        for (at, heading) in [NEED, CANDIDATE, LEVEL, NOTE].into_iter().enumerate() {
            let mut columns =
                texts.iter().filter(|(_, text)| bare(text) == heading).map(|(column, _)| *column);
            found[at] = columns.next();
            if columns.next().is_some() {
                return Err(SheetError::DuplicateHeading { sheet: sheet.to_owned(), heading });
            }
        }
        if let [Some(need), Some(candidate), Some(level), note] = found {
            return Ok(Some((*row, Columns { keys: [need, candidate, level], note })));
        }
    }
    Ok(None)
}

fn rows(cells: &Cells, heading: u32, columns: &Columns) -> FilledSheet {
    let mut filled = FilledSheet::default();
    let mut judged: HashMap<(NeedName, RecordId), (u32, u8)> = HashMap::new();
    for (row, texts) in cells.range(heading + 1..) {
        let place = Place { row: row + 1, columns: columns.keys };
        let [need, candidate, level] =
            columns.keys.map(|column| texts.get(&column).map_or("", String::as_str));
        if level.is_empty() {
            filled.blank += usize::from(!need.is_empty() && !candidate.is_empty());
            continue;
        }
        match filled_row(need, candidate, level, place) {
            Err(mut problems) => filled.problems.append(&mut problems),
            Ok(mut row) => {
                let before =
                    judged.entry((row.need.clone(), row.candidate)).or_insert((row.place.row, row.level));
                if *before == (row.place.row, row.level) {
                    let note = columns.note.and_then(|column| texts.get(&column));
                    row.note = note.map(|note| note.chars().take(LONGEST_NOTE).collect()).unwrap_or_default();
                    filled.rows.push(row);
                } else if before.1 != row.level {
                    let detail = format!("与第 {} 行是同一项需求和同一个候选对象，但等级不同", before.0);
                    filled.problems.push(row.place.problem(LEVEL, detail));
                }
            }
        }
    }
    filled
}

fn filled_row(need: &str, candidate: &str, level: &str, place: Place) -> Result<FilledRow, Vec<CellProblem>> {
    let id = |text: &str| bare(text).to_lowercase().parse::<RecordId>().ok();
    let said = |text: &str| match text {
        "" => "为空".to_owned(),
        text => format!("“{}”不是有效的编号", short(text)),
    };
    let bad = |heading, text: &str, example: &str| {
        place.problem(heading, format!("{}，应形如 {example}，请恢复原来的编号", said(text)))
    };
    let need = match id(need) {
        Some(id) if id.kind == Kind::Need => Ok(NeedName::Id(id)),
        None if !need.is_empty() => Ok(NeedName::External(need.to_owned())),
        _ => Err(bad(NEED, need, "need-42 或 XQ-042")),
    };
    let offers = |id: &RecordId| matches!(id.kind, Kind::Expert | Kind::Station | Kind::Achievement);
    let candidate = id(candidate).filter(offers).ok_or_else(|| bad(CANDIDATE, candidate, "expert-42"));
    let wrong = || format!("“{}”不是等级，应为 4 高度相关、3 相关、2 弱相关或 1 不相关", short(level));
    let level = self::level(level).ok_or_else(|| place.problem(LEVEL, wrong()));
    match (need, candidate, level) {
        (Ok(need), Ok(candidate), Ok(level)) => {
            Ok(FilledRow { need, candidate, level, note: String::new(), place })
        }
        (need, candidate, level) => {
            Err([need.err(), candidate.err(), level.err()].into_iter().flatten().collect())
        }
    }
}

/// `4`, `４`, `4 高度相关`, `高度相关`; the two must not contradict each other.
fn level(text: &str) -> Option<u8> {
    let narrow = |c: char| match c {
        '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32).unwrap_or(c),
        other => other,
    };
    let text: String = bare(text).chars().map(narrow).collect();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let (number, word) = text.split_at(digits);
    let word =
        word.trim_start_matches(['.', '-', '－', '、', '：', ':', '（', '(']).trim_end_matches(['）', ')']);
    let fits = |(level, known, ..): &(u8, &str, &str, &str)| {
        let numbered = number == level.to_string();
        (numbered && (word.is_empty() || word == *known)) || (number.is_empty() && word == *known)
    };
    LEVELS.iter().find(|known| fits(known)).map(|(level, ..)| *level)
}

/// Without the white space that programs and people put between characters.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}').collect()
}

fn short(text: &str) -> String {
    let cut: String = text.chars().take(20).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

/// A column's letters: A, Z, AA.
fn letters(column: u32) -> String {
    let mut rest = column;
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + (rest % 26) as u8));
        if rest < 26 {
            break;
        }
        rest = rest / 26 - 1;
    }
    letters.into_iter().rev().collect()
}
