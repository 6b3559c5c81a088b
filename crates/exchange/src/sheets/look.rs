//! How our workbooks look: font, lines, heights of rows, paper.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

const FONT: &str = "微软雅黑";
const SIZE: f64 = 10.0;
/// Height of a line of text, and the bounds of a row's, in points; Excel knows no higher row.
pub(super) const LINE: f64 = 16.0;
pub(super) const LOWEST: f64 = 33.0;
pub(super) const HIGHEST: f64 = 405.0;

pub(super) const DARK: Color = Color::RGB(0x1F_4E79);
const LINES: Color = Color::RGB(0xBF_BFBF);

/// A4.
pub(super) const PAPER: u8 = 9;

pub(super) fn plain() -> Format {
    Format::new().set_font_name(FONT).set_font_size(SIZE).set_text_wrap().set_align(FormatAlign::Top)
}

pub(super) fn bordered() -> Format {
    plain().set_border(FormatBorder::Thin).set_border_color(LINES)
}

pub(super) fn heading() -> Format {
    bordered()
        .set_bold()
        .set_font_color(Color::White)
        .set_background_color(DARK)
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
}

/// Lines that a text takes in a column of this width, rather too many: a Chinese character is a little narrower than two digits.
pub(super) fn lines(text: &str, width: f64) -> usize {
    let digits = |line: &str| line.chars().map(|c| if c.is_ascii() { 1.0 } else { 2.0 }).sum::<f64>();
    text.split('\n').map(|line| ((digits(line) / width).ceil() as usize).max(1)).sum()
}
