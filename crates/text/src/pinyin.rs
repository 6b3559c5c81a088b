//! Latin keys for Han names, so that people can type a name without an input method.

use std::borrow::Cow;
use std::sync::LazyLock;

use pinyin::ToPinyinMulti;
use rustc_hash::FxHashMap;

use crate::normalise::{Normalised, is_han, is_latin};

/// Only so many characters of a name get keys of their own.
const MAX_NAME: usize = 40;

/// A key goes on for so many syllables; people type the beginning.
const MAX_SYLLABLES: usize = 16;

/// Names up to this length are read in every way their characters allow; of longer ones only the first character of
/// a key is.
const SHORT_NAME: usize = 4;

/// So many readings of one character, and of one name, are kept.
const MAX_READINGS: usize = 4;

/// Surnames whose characters are read otherwise elsewhere.
static SURNAMES: LazyLock<Table> = LazyLock::new(|| {
    table(
        "曾zeng 单shan 解xie 查zha 仇qiu 区ou 乐yue 盖ge 朴piao 翟zhai 员yun 缪miao 覃qin 秘bi 繁po 召shao 黑he 折she \
    种chong 便pian 薄bo 卜bu 隗wei 佴nai 洗xian 能nai 祭zhai 尉迟yu'chi 万俟mo'qi 澹台tan'tai 单于chan'yu 长孙zhang'sun",
    )
});

/// Words of organisations' names in which a character is not read as usual.
static WORDS: LazyLock<Table> = LazyLock::new(|| {
    table(
        "银行yin'hang 行业hang'ye 重庆chong'qing 重建chong'jian 厦门xia'men 厦大xia'da 会计kuai'ji 音乐yin'yue \
    乐清yue'qing 乐器yue'qi 蚌埠beng'bu 六安lu'an 人参ren'shen 番禺pan'yu 铅山yan'shan 浚县xun'xian 洪洞hong'tong 西藏xi'zang \
    地壳di'qiao 供给gong'ji 给水ji'shui 畜牧xu'mu 率先shuai'xian 校准jiao'zhun 校正jiao'zheng 调度diao'du 调查diao'cha",
    )
});

/// Characters that are read in several ways in names, the usual way first.
static CHARACTERS: LazyLock<Table> = LazyLock::new(|| {
    table(
        "行xing'hang 长chang'zhang 乐le'yue 茜qian'xi 晟sheng'cheng 朝chao'zhao 重zhong'chong 调tiao'diao 都du'dou \
    参can'shen 仔zi'zai 藏cang'zang 娜na'nuo 隽jun'juan 朴pu'piao 盛sheng'cheng 柏bai'bo 曾zeng'ceng 校xiao'jiao 地di 了liao 嗯en",
    )
});

/// Lower-case keys of a name: joined pinyin and joined initials, from each character to the end.
///
/// 张伟明 gives zhangweiming, weiming, ming, zwm, wm, m. Characters with several readings give several keys, surnames in
/// their reading as a surname first. ü is written v, and u as well. Latin words in the name are kept.
#[must_use]
pub fn keys(name: &str) -> Vec<String> {
    let syllables = syllables(name);
    let short = syllables.len() <= SHORT_NAME;
    let mut full = Vec::new();
    let mut initials = Vec::new();
    for start in 0..syllables.len() {
        let end = syllables.len().min(start + MAX_SYLLABLES);
        for (reading, letters) in readings(&syllables[start..end], short) {
            push_new(&mut full, reading);
            push_new(&mut initials, letters);
        }
    }
    for key in initials {
        push_new(&mut full, key);
    }
    full
}

/// The joined lower-case form of a query of Latin letters, spaces, apostrophes and hyphens; `None` for any other.
/// ü becomes v, as in [`keys`].
#[must_use]
pub fn latin_query(q: &str) -> Option<String> {
    let mut letters = String::new();
    let mut normalised = Normalised::default();
    normalised.read(&q.replace(['ü', 'Ü', 'ǖ', 'ǘ', 'ǚ', 'ǜ'], "v"));
    for c in normalised.text().chars() {
        match c {
            'a'..='z' => letters.push(c),
            ' ' | '\'' | '’' | '‘' | '-' => {}
            _ => return None,
        }
    }
    (!letters.is_empty()).then_some(letters)
}

/// The ways to read a syllable, the usual one first.
type Syllable = Vec<Cow<'static, str>>;

fn push_new<T: AsRef<str> + PartialEq>(keys: &mut Vec<T>, key: T) {
    if !key.as_ref().is_empty() && !keys.contains(&key) {
        keys.push(key);
    }
}

/// The syllables of a name; a Latin word counts as one syllable. The first
/// character is given every reading it has, because surnames are read in unusual ways.
fn syllables(name: &str) -> Vec<Syllable> {
    let mut normalised = Normalised::default();
    normalised.read(name);
    let chars: Vec<char> = normalised.chars().iter().map(|c| c.value).take(MAX_NAME).collect();
    let mut syllables: Vec<Syllable> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let surname = if at == 0 { reading_of_start(&SURNAMES, rest) } else { None };
        if let Some(word) = surname.or_else(|| reading_of_start(&WORDS, rest)) {
            for reading in word.split('\'') {
                let others = if at == 0 { readings_of(chars[at]) } else { Vec::new() };
                syllables.push(spelled(std::iter::once(reading).chain(others)));
                at += 1;
            }
        } else if is_latin(chars[at]) {
            let end = (at..chars.len()).find(|&index| !is_latin(chars[index])).unwrap_or(chars.len());
            syllables.push(vec![chars[at..end].iter().collect::<String>().into()]);
            at = end;
        } else {
            let known = reading_of_start(&CHARACTERS, rest).map(|known| known.split('\'').collect());
            let usual =
                known.unwrap_or_else(|| readings_of(chars[at]).into_iter().take(1).collect::<Vec<_>>());
            let others = if at == 0 { readings_of(chars[at]) } else { Vec::new() };
            if is_han(chars[at]) && !usual.is_empty() {
                syllables.push(spelled(usual.into_iter().chain(others)));
            }
            at += 1;
        }
    }
    syllables
}

/// Words with their readings, by the first character.
type Table = FxHashMap<char, Vec<(Vec<char>, &'static str)>>;

fn table(entries: &'static str) -> Table {
    let mut table = Table::default();
    for entry in entries.split_whitespace() {
        let letters = entry.find(|c: char| c.is_ascii()).unwrap_or(entry.len());
        let word: Vec<char> = entry[..letters].chars().collect();
        table.entry(word[0]).or_default().push((word, &entry[letters..]));
    }
    table
}

/// The reading of the longest entry of `table` that `text` starts with.
fn reading_of_start(table: &Table, text: &[char]) -> Option<&'static str> {
    let entries = table.get(text.first()?)?.iter().filter(|(word, _)| text.starts_with(word));
    entries.max_by_key(|(word, _)| word.len()).map(|&(_, reading)| reading)
}

fn readings_of(c: char) -> Vec<&'static str> {
    c.to_pinyin_multi().into_iter().flatten().map(pinyin::Pinyin::plain).collect()
}

/// The readings as they are typed.
fn spelled(readings: impl Iterator<Item = &'static str>) -> Syllable {
    let mut typed = Syllable::new();
    for reading in readings {
        if reading.contains(['ü', 'v']) {
            push_new(&mut typed, reading.replace('ü', "v").into());
            push_new(&mut typed, reading.replace(['ü', 'v'], "u").into());
        } else {
            push_new(&mut typed, reading.into());
        }
    }
    typed.retain(|reading| reading.is_ascii());
    typed.truncate(MAX_READINGS);
    typed
}

/// At most [`MAX_READINGS`] ways to read the syllables, the usual one first: joined, and the initials.
fn readings(syllables: &[Syllable], every_syllable: bool) -> Vec<(String, String)> {
    let mut ways = vec![(String::new(), String::new())];
    for (index, choices) in syllables.iter().enumerate() {
        let choices =
            if every_syllable || index == 0 { &choices[..] } else { &choices[..choices.len().min(1)] };
        match choices {
            [] => {}
            [only] => ways.iter_mut().for_each(|way| go_on(way, only)),
            several => {
                let longer = several.iter().flat_map(|choice| {
                    ways.iter().map(move |way| {
                        let mut way = way.clone();
                        go_on(&mut way, choice);
                        way
                    })
                });
                ways = longer.take(MAX_READINGS).collect();
            }
        }
    }
    ways
}

fn go_on((reading, initials): &mut (String, String), syllable: &str) {
    reading.push_str(syllable);
    initials.extend(syllable.chars().next());
}
