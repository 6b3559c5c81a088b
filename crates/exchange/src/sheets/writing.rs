//! A judging sheet as a workbook: what to do on the first sheet, the table on the second.

use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, FormatAlign, FormatBorder, Workbook, Worksheet,
    XlsxError,
};

use super::look::{DARK, HIGHEST, LINE, LOWEST, PAPER, bordered, heading, lines, plain};
use super::{CANDIDATE, GUIDE, JUDGE, JudgingBlock, LEVEL, LEVELS, NEED, NOTE, SheetError, TABLE};

/// Headings with the widths of their columns, in digits.
const COLUMNS: [(&str, f64); 9] = [
    (NEED, 11.0),
    ("外部编号", 12.0),
    ("需求名称", 20.0),
    ("需求说明", 56.0),
    (CANDIDATE, 15.0),
    ("候选名称", 20.0),
    ("候选简介", 60.0),
    (LEVEL, 13.0),
    (NOTE, 20.0),
];
const LEVEL_COLUMN: u16 = 7;
const LAST_COLUMN: u16 = 8;

const BANDS: [Color; 2] = [Color::RGB(0xFF_FFFF), Color::RGB(0xEE_F4FA)];
const FILL_IN: Color = Color::RGB(0xFF_F8DC);

/// The workbook as the bytes of an .xlsx file. Holds what the blocks hold, and nothing hidden.
///
/// # Errors
/// When a sheet would be larger than Excel allows.
pub fn write(blocks: &[JudgingBlock]) -> Result<Vec<u8>, SheetError> {
    let mut workbook = Workbook::new();
    guide(workbook.add_worksheet(), blocks)?;
    table(workbook.add_worksheet(), blocks)?;
    Ok(workbook.save_to_buffer()?)
}

fn guide(sheet: &mut Worksheet, blocks: &[JudgingBlock]) -> Result<(), XlsxError> {
    let pairs: usize = blocks.iter().map(|block| block.candidates.len()).sum();
    sheet.set_name(GUIDE)?.set_paper_size(PAPER).set_print_fit_to_pages(1, 0).set_screen_gridlines(false);
    for (column, width) in [18.0, 46.0, 52.0].into_iter().enumerate() {
        sheet.set_column_width(column as u16, width)?;
    }
    let title = plain().set_bold().set_font_size(16).set_font_color(DARK);
    sheet.merge_range(0, 0, 0, 2, "技术需求与候选对象：相关程度评判", &title)?;
    sheet.set_row_height(0, 30)?;
    sheet.write_with_format(1, 0, JUDGE, &bordered().set_bold())?;
    sheet.write_with_format(1, 1, "", &bordered().set_background_color(FILL_IN))?;
    sheet.write_with_format(1, 2, "← 请先在左边填上您的姓名或代号", &plain())?;
    let task = format!(
        "请打开下面的工作表“{TABLE}”，共 {} 项需求、{pairs} 行。每行是一项技术需求和一个候选对象，\
         请在“{LEVEL}”一列的下拉列表里选一级（也可以只填数字）：",
        blocks.len()
    );
    sheet.merge_range(3, 0, 3, 2, &task, &plain())?;
    sheet.set_row_height(3, 2.0 * LINE + 4.0)?;
    for (column, text) in ["等级", "含义", "举例：需求是“方形铝壳激光焊接气孔率偏高”"].into_iter().enumerate()
    {
        sheet.write_with_format(4, column as u16, text, &heading())?;
    }
    for (row, (level, word, meaning, example)) in (5..).zip(LEVELS) {
        sheet.write_with_format(row, 0, format!("{level} {word}"), &bordered().set_bold())?;
        sheet.write_with_format(row, 1, meaning, &bordered())?;
        sheet.write_with_format(row, 2, example, &bordered())?;
        sheet.set_row_height(row, 2.0 * LINE + 4.0)?;
    }
    let rules = [
        "只看内容是否对得上，不看距离远近、名气大小和有没有时间。",
        "同一项需求的候选对象先后顺序是打乱的，排在前面不说明更好。",
        "拿不准就空着：空着的行不算评判。想说明理由，写在“备注”里。",
        "可以移动列、加列、筛选、排序；请不要改“需求编号”和“候选编号”，也不要改表头。",
        "填好后保存为 .xlsx 交回即可，不必全部填完。",
    ];
    for (row, (at, rule)) in (10..).zip(rules.iter().enumerate()) {
        sheet.merge_range(row, 0, row, 2, &format!("{}. {rule}", at + 1), &plain())?;
        sheet.set_row_height(row, LINE + 6.0)?;
    }
    sheet.set_selection(1, 1, 1, 1)?;
    Ok(())
}

fn table(sheet: &mut Worksheet, blocks: &[JudgingBlock]) -> Result<(), XlsxError> {
    sheet.set_name(TABLE)?;
    for (column, (name, width)) in (0..).zip(COLUMNS) {
        sheet.set_column_width(column, width)?;
        sheet.write_with_format(0, column, name, &heading())?;
    }
    sheet.set_row_height(0, 26)?.set_freeze_panes(1, 0)?;
    let mut row = 1;
    let mut breaks = Vec::new();
    for (at, block) in blocks.iter().filter(|block| !block.candidates.is_empty()).enumerate() {
        if at > 0 {
            breaks.push(row);
        }
        row = write_block(sheet, block, row, BANDS[at % BANDS.len()])?;
    }
    let last = row.max(2) - 1;
    sheet.add_data_validation(1, LEVEL_COLUMN, last, LEVEL_COLUMN, &choice()?)?;
    sheet.autofilter(0, 0, last, LAST_COLUMN)?;
    sheet
        .set_paper_size(PAPER)
        .set_landscape()
        .set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3)
        .set_print_fit_to_pages(1, 0)
        .set_footer("&L技术需求相关程度评判&R第 &P 页，共 &N 页")
        .set_page_breaks(&breaks)?
        .set_repeat_rows(0, 0)?;
    Ok(())
}

/// One need and its candidates from `first` on; the row after them. What the need says stands in each row: who scrolls, sorts or filters
/// has it before him.
fn write_block(
    sheet: &mut Worksheet,
    block: &JudgingBlock,
    first: u32,
    band: Color,
) -> Result<u32, XlsxError> {
    let format = |row: u32| {
        let format = bordered().set_background_color(band);
        // A heavy line tells one need from the next.
        if row == first {
            format.set_border_top(FormatBorder::Medium).set_border_top_color(DARK)
        } else {
            format
        }
    };
    let heights = heights(block);
    for (row, (candidate, height)) in (first..).zip(block.candidates.iter().zip(heights)) {
        let format = format(row);
        sheet.set_row_height(row, height)?;
        sheet.write_with_format(row, 0, block.need.to_string(), &format)?;
        let number = candidate.id.to_string();
        let texts = [&block.external_id, &block.title, &block.text, &number];
        for (column, text) in (1..).zip(texts) {
            sheet.write_with_format(row, column, text.as_str(), &format)?;
        }
        sheet.write_with_format(row, 5, candidate.title.as_str(), &format.clone().set_bold())?;
        sheet.write_with_format(row, 6, candidate.text.as_str(), &format)?;
        let fill_in = format.set_background_color(FILL_IN);
        sheet.write_blank(row, LEVEL_COLUMN, &fill_in.clone().set_align(FormatAlign::Center))?;
        sheet.write_blank(row, LAST_COLUMN, &fill_in)?;
    }
    Ok(first + block.candidates.len() as u32)
}

fn choice() -> Result<DataValidation, XlsxError> {
    let words = LEVELS.map(|(level, word, ..)| format!("{level} {word}"));
    DataValidation::new()
        .allow_list_strings(&words)?
        .set_input_title(LEVEL)?
        .set_input_message("4 高度相关，3 相关，2 弱相关，1 不相关；拿不准就空着")?
        .set_error_style(DataValidationErrorStyle::Warning)
        .set_error_title("不在列表中")?
        .set_error_message("应为 4、3、2、1 之一。只填了数字的，选“是”保留即可。")
}

/// The height of each row: enough for its texts.
fn heights(block: &JudgingBlock) -> impl Iterator<Item = f64> {
    block.candidates.iter().map(|candidate| {
        let texts: [&str; 6] =
            [&block.external_id, &block.title, &block.text, "", &candidate.title, &candidate.text];
        let lines = texts.iter().zip(&COLUMNS[1..]).map(|(text, (_, width))| lines(text, *width));
        (lines.max().unwrap_or(1) as f64 * LINE + 4.0).clamp(LOWEST, HIGHEST)
    })
}
