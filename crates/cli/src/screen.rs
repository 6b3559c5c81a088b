//! Text for people in a terminal: widths of Chinese characters, wrapping, emphasis where a terminal can show it.

use std::io::{self, IsTerminal, Write};

use unicode_width::UnicodeWidthChar;

/// Lines longer than this are tiring to read, whatever the window's width.
const WIDEST: usize = 100;
const NARROWEST: usize = 40;
/// Punctuation that never begins a line.
const CLOSING: &str = "，。、；：！？”’）》】〉…,.;:!?)]}%";

/// How a piece of text is set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emphasis {
    /// Not at all.
    Plain,
    /// Less than the rest.
    Faint,
    /// A headline.
    Strong,
    /// A term that was found.
    Hit,
}

/// A piece of a line.
pub(crate) type Span = (Emphasis, String);

/// Where results are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    width: usize,
    colours: bool,
}

impl Screen {
    /// Standard output as it is.
    pub(crate) fn stdout() -> Self {
        let terminal = io::stdout().is_terminal();
        let width =
            terminal_size::terminal_size().filter(|_| terminal).map_or(WIDEST, |(width, _)| width.0.into());
        let colours = terminal && std::env::var_os("NO_COLOR").is_none();
        Self { width: width.clamp(NARROWEST, WIDEST), colours }
    }

    /// One paragraph; each of its lines begins with `indent` spaces.
    pub(crate) fn paragraph(self, indent: usize, spans: &[Span]) -> String {
        let cells: Vec<(Emphasis, char)> = spans
            .iter()
            .flat_map(|(emphasis, text)| {
                self.marked(*emphasis, text).chars().map(|c| (*emphasis, c)).collect::<Vec<_>>()
            })
            .map(|(emphasis, c)| (emphasis, if c.is_control() { ' ' } else { c }))
            .collect();
        let mut text = String::new();
        for line in lines(&cells, self.width.saturating_sub(indent).max(NARROWEST / 2)) {
            text.push_str(&" ".repeat(indent));
            self.paint(line, &mut text);
            text.push('\n');
        }
        text
    }

    /// Without colours a hit stands in brackets.
    fn marked(self, emphasis: Emphasis, text: &str) -> String {
        if emphasis == Emphasis::Hit && !self.colours { format!("[{text}]") } else { text.to_owned() }
    }

    fn paint(self, line: &[(Emphasis, char)], text: &mut String) {
        let mut now = Emphasis::Plain;
        for (emphasis, c) in line {
            if self.colours && *emphasis != now {
                text.push_str(match emphasis {
                    Emphasis::Plain => "\x1b[0m",
                    Emphasis::Faint => "\x1b[0;2m",
                    Emphasis::Strong => "\x1b[0;1m",
                    Emphasis::Hit => "\x1b[0;1;33m",
                });
                now = *emphasis;
            }
            text.push(*c);
        }
        if now != Emphasis::Plain {
            text.push_str("\x1b[0m");
        }
    }
}

/// Breaks between Chinese characters and at spaces, not within a Latin word and not before closing punctuation.
fn lines(cells: &[(Emphasis, char)], width: usize) -> Vec<&[(Emphasis, char)]> {
    let (mut lines, mut start, mut filled, mut chance) = (Vec::new(), 0, 0, 0);
    for at in 0..cells.len() {
        let c = cells[at].1;
        if at > start && may_break(cells[at - 1].1, c) {
            chance = at;
        }
        filled += c.width().unwrap_or(0);
        if filled > width && c != ' ' {
            let end = if chance > start { chance } else { at.max(start + 1) };
            lines.push(trimmed(&cells[start..end]));
            start = end;
            filled = cells[start..=at.max(start)].iter().map(|(_, c)| c.width().unwrap_or(0)).sum();
        }
    }
    if start < cells.len() {
        lines.push(trimmed(&cells[start..]));
    }
    lines
}

fn may_break(before: char, after: char) -> bool {
    let wide = |c: char| c.width() == Some(2);
    let opening = matches!(before, '“' | '‘' | '（' | '《' | '【' | '[' | '(');
    !opening && !CLOSING.contains(after) && after != ' ' && (before == ' ' || wide(before) || wide(after))
}

fn trimmed(mut line: &[(Emphasis, char)]) -> &[(Emphasis, char)] {
    while let [rest @ .., (_, ' ')] = line {
        line = rest;
    }
    line
}

/// `text` and enough spaces to fill `width` columns.
pub(crate) fn padded(text: &str, width: usize) -> String {
    let taken: usize = text.chars().map(|c| c.width().unwrap_or(0)).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(taken)))
}

/// Writes a result to standard output, whole.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let mut out = io::stdout().lock();
    out.write_all(format!("{text}{end}").as_bytes())?;
    out.flush()
}

/// Writes a result as JSON, in one line for programs.
pub(crate) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    Ok(print(&serde_json::to_string(value)?)?)
}

/// Tells something that is not a result: to standard error, and nobody minds when it is closed.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Screen = Screen { width: NARROWEST, colours: false };

    fn shown(text: &str) -> String {
        PLAIN.paragraph(0, &[(Emphasis::Plain, text.to_owned())])
    }

    #[test]
    fn no_line_is_wider_than_the_screen_and_nothing_is_lost() {
        let text = "焊缝气孔率偏高，希望降到千分之三以下，节拍不低于12ppm。".repeat(5);
        let lines = shown(&text);
        assert!(
            lines
                .lines()
                .all(|line| line.chars().filter_map(UnicodeWidthChar::width).sum::<usize>() <= NARROWEST)
        );
        assert_eq!(lines.replace('\n', ""), text);
    }

    #[test]
    fn lines_do_not_begin_with_closing_punctuation() {
        for length in 15..25 {
            let text = format!("{}，再来一些字", "字".repeat(length));
            assert!(shown(&text).lines().all(|line| !line.starts_with('，')), "{length}");
        }
    }

    #[test]
    fn latin_words_stay_whole() {
        assert_eq!(
            shown(&format!("{} laser welding", "字".repeat(17))),
            format!("{} laser\nwelding\n", "字".repeat(17))
        );
    }

    #[test]
    fn hits_are_marked_with_and_without_colours() {
        let spans = [(Emphasis::Plain, "用".to_owned()), (Emphasis::Hit, "激光".to_owned())];
        assert_eq!(PLAIN.paragraph(2, &spans), "  用[激光]\n");
        let colourful = Screen { colours: true, ..PLAIN };
        assert_eq!(colourful.paragraph(2, &spans), "  用\x1b[0;1;33m激光\x1b[0m\n");
    }

    #[test]
    fn padding_counts_columns() {
        assert_eq!(padded("专家", 6), "专家  ");
        assert_eq!(padded("abc", 2), "abc");
    }
}
