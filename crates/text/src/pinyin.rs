//! Latin keys for Han names, so that people can type a name without an input method.

use pinyin::{ToPinyin, ToPinyinMulti};

use crate::normalise::{Normalised, is_han, is_latin};

/// Only so many characters of a name get keys of their own.
const MAX_NAME: usize = 40;

/// A key goes on for so many syllables; people type the beginning.
const MAX_SYLLABLES: usize = 16;

/// Names up to this length are read in every way their characters allow, longer ones only in their first character.
const SHORT_NAME: usize = 4;

/// So many readings of one character, and of one name, are kept.
const MAX_READINGS: usize = 4;

/// Surnames, and what they are read like in a name.
const SURNAMES: &str = "曾zeng 单shan 解xie 查zha 仇qiu 区ou 乐yue 盖ge 朴piao 翟zhai 员yun 缪miao 冼xian 覃qin 秘bi 繁po 召shao 黑he \
    折she 种chong 便pian 那na 任ren 华hua 宁ning 葛ge 纪ji 燕yan 应ying 曲qu 尹yin 石shi 沈shen 薄bo 晁chao 卜bu 隗wei 佴nai 洗xian \
    尉迟yu'chi 长孙zhang'sun 万俟mo'qi 澹台tan'tai 单于chan'yu 令狐ling'hu 宿su 逄pang 车che 贾jia 柏bai 谌chen 郗xi 能nai 相xiang 祭zhai";

/// Words of organisations' names in which a character is not read as usual.
const WORDS: &str = "银行yin'hang 行业hang'ye 重庆chong'qing 厦门xia'men 成都cheng'du 长春chang'chun 长沙chang'sha 长安chang'an 长江chang'jiang \
    长城chang'cheng 长治chang'zhi 长白chang'bai 会计kuai'ji 音乐yin'yue 乐清yue'qing 乐器yue'qi 蚌埠beng'bu 六安lu'an 亳州bo'zhou \
    台州tai'zhou 重工zhong'gong 大连da'lian 都市du'shi 首都shou'du 调度diao'du 重建chong'jian 传感chuan'gan 传媒chuan'mei 参数can'shu \
    人参ren'shen 中药zhong'yao 银河yin'he 厦大xia'da 广厦guang'sha 番禺pan'yu 东莞dong'guan 铅山yan'shan 浚县xun'xian 丽水li'shui \
    洪洞hong'tong 朝阳chao'yang 西藏xi'zang 地壳di'qiao 供给gong'ji 给水ji'shui 畜牧xu'mu 测量ce'liang 设计she'ji 数据shu'ju 血液xue'ye \
    处理chu'li 应用ying'yong 系统xi'tong 率先shuai'xian 效率xiao'lv 仓储cang'chu 校准jiao'zhun 校正jiao'zheng 降解jiang'jie \
    勘查kan'cha 检查jian'cha 了解liao'jie 解决jie'jue 解放jie'fang 调节tiao'jie 空调kong'tiao 调查diao'cha 载体zai'ti 车载che'zai";

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
        for reading in readings(&syllables[start..end], short) {
            push_new(&mut full, reading.concat());
            let letters = reading
                .iter()
                .filter_map(|syllable| syllable.chars().next())
                .collect();
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

fn push_new(keys: &mut Vec<String>, key: String) {
    if !key.is_empty() && !keys.contains(&key) {
        keys.push(key);
    }
}

/// The readings of each syllable of a name, the usual one first; a Latin word counts as one syllable.
fn syllables(name: &str) -> Vec<Vec<String>> {
    let mut normalised = Normalised::default();
    normalised.read(name);
    let chars: Vec<char> = normalised
        .chars()
        .iter()
        .map(|c| c.value)
        .take(MAX_NAME)
        .collect();
    let mut syllables: Vec<Vec<String>> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let rest: String = chars[at..].iter().collect();
        let known = if at == 0 {
            prefix_reading(SURNAMES, &rest)
        } else {
            None
        };
        if let Some(known) = known.or_else(|| prefix_reading(WORDS, &rest)) {
            for reading in known.split('\'') {
                syllables.push(with_plain_u(
                    std::iter::once(reading).chain(other_readings(chars[at], at == 0)),
                ));
                at += 1;
            }
        } else if is_latin(chars[at]) {
            let end = (at..chars.len())
                .find(|&index| !is_latin(chars[index]))
                .unwrap_or(chars.len());
            syllables.push(vec![chars[at..end].iter().collect()]);
            at = end;
        } else {
            if let Some(usual) = chars[at].to_pinyin().filter(|_| is_han(chars[at])) {
                syllables.push(with_plain_u(
                    std::iter::once(usual.plain()).chain(other_readings(chars[at], true)),
                ));
            }
            at += 1;
        }
    }
    syllables
}

/// The reading of the longest word of `table` that `text` starts with.
fn prefix_reading(table: &'static str, text: &str) -> Option<&'static str> {
    let entries = table.split_whitespace().filter_map(|entry| {
        let letters = entry.find(|c: char| c.is_ascii())?;
        text.starts_with(&entry[..letters])
            .then_some((letters, &entry[letters..]))
    });
    entries
        .max_by_key(|&(letters, _)| letters)
        .map(|(_, reading)| reading)
}

fn other_readings(c: char, wanted: bool) -> impl Iterator<Item = &'static str> {
    c.to_pinyin_multi()
        .into_iter()
        .filter(move |_| wanted)
        .flatten()
        .map(pinyin::Pinyin::plain)
}

fn with_plain_u<'a>(readings: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut spelled: Vec<String> = Vec::new();
    for reading in readings {
        push_new(&mut spelled, reading.replace('ü', "v"));
        if reading.contains(['ü', 'v']) {
            push_new(&mut spelled, reading.replace(['ü', 'v'], "u"));
        }
    }
    spelled.retain(|reading| reading.is_ascii());
    spelled.truncate(MAX_READINGS);
    spelled
}

/// At most [`MAX_READINGS`] ways to read the syllables, the usual one first.
fn readings(syllables: &[Vec<String>], every_syllable: bool) -> Vec<Vec<&str>> {
    let mut ways: Vec<Vec<&str>> = vec![Vec::new()];
    for (index, choices) in syllables.iter().enumerate() {
        let choices = if every_syllable || index == 0 {
            &choices[..]
        } else {
            &choices[..choices.len().min(1)]
        };
        let longer: Vec<Vec<&str>> = choices
            .iter()
            .flat_map(|choice| {
                ways.iter()
                    .map(move |way| [&way[..], &[choice.as_str()]].concat())
            })
            .take(MAX_READINGS)
            .collect();
        if !longer.is_empty() {
            ways = longer;
        }
    }
    ways
}
