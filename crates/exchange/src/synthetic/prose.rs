//! Running text: topic words, general words and stock phrases with the punctuation of a register.

use super::dice::Dice;
use super::topics::{Language, Topic};

/// How a kind of text is written.
pub(super) struct Style {
    /// Phrases that everyone writes; `{t}` is a term of the field, `{u}` a word of the topic.
    pub(super) phrases: &'static [&'static str],
    /// How many of them a text holds.
    pub(super) count: usize,
    /// How many words of a hundred are general ones.
    pub(super) general: usize,
}

/// Words between two stock phrases.
const STRIDE: usize = 18;

const STOPS: [char; 3] = ['，', '、', '。'];

pub(super) const BIO: Style = Style {
    phrases: &[
        "教授，博士生导师，长期从事{t}方面的研究，",
        "主持国家级和省部级科研项目多项，",
        "发表学术论文六十余篇，授权发明专利二十余件，",
        "与多家企业开展产学研合作，推动{t}成果落地，",
        "曾获省科学技术奖，参与制定{t}行业标准，",
        "研究员，擅长{t}和{u}的工程化应用，",
        "有丰富的技术咨询和项目评审经验，",
        "正高级工程师，熟悉{t}工艺流程，帮助企业解决{u}难题，",
    ],
    count: 4,
    general: 42,
};

pub(super) const DEMAND: Style = Style {
    phrases: &[
        "我公司在{t}生产过程中遇到技术难题，",
        "现寻求{t}方面的专家指导，",
        "希望在{u}环节降低成本、提高合格率，",
        "要求合作方有{t}相关经验，能提供完整的技术方案，",
        "拟投入研发经费，联合开展技术攻关，",
        "合作方式可为技术开发、技术咨询或成果转让，",
    ],
    count: 2,
    general: 30,
};

pub(super) const SUMMARY: Style = Style {
    phrases: &[
        "本成果针对{t}中{u}的问题，提出一种新方法，",
        "经第三方检测，各项指标达到国内领先水平，",
        "已在{t}生产线上完成中试，",
        "与现有技术相比，能耗降低，{u}明显改善，",
        "具有自主知识产权，适合在{t}企业推广，",
    ],
    count: 3,
    general: 36,
};

pub(super) const STATION: Style = Style {
    phrases: &[
        "本站面向园区企业开展{t}技术服务，",
        "组织专家深入生产一线，诊断{u}问题，",
        "建有{t}公共实验平台，",
        "每年举办技术培训和供需对接活动，",
        "促进{t}成果在本地转化，",
    ],
    count: 3,
    general: 40,
};

/// A text of about `length` characters on one topic or two.
pub(super) fn text(
    language: &Language,
    style: &Style,
    topics: [&Topic; 2],
    length: usize,
    dice: &mut Dice,
) -> String {
    let mut phrases: Vec<&str> = style.phrases.to_vec();
    dice.shuffle(&mut phrases);
    let mut phrases = phrases.into_iter().take(style.count);
    let mut text = String::with_capacity(length * 3 + 90);
    let mut words = 0;
    // Each character takes three bytes, be it a word's or a comma's.
    while text.len() < length * 3 {
        if words % STRIDE == 0
            && let Some(phrase) = phrases.next()
        {
            if !text.is_empty() && !text.ends_with(STOPS) {
                text.push('。');
            }
            fill(&mut text, phrase, topics[0], dice);
        }
        words += 1;
        text.push_str(word(language, style, topics, dice));
        text.push_str(match dice.below(100) {
            0..10 => "，",
            10..16 => "、",
            16..20 => "。",
            _ => "",
        });
    }
    text.truncate(text.trim_end_matches(STOPS).len());
    text.push('。');
    text
}

/// A phrase of two words and an ending: a title.
pub(super) fn title(topic: &Topic, endings: &[&str], dice: &mut Dice) -> String {
    let term = topic.terms(dice, 1)[0];
    let word = topic.word(dice);
    format!("{term}{word}{}", dice.pick(endings))
}

fn word(language: &Language, style: &Style, topics: [&Topic; 2], dice: &mut Dice) -> &'static str {
    let draw = dice.below(100);
    let first = style.general + (100 - style.general) * 7 / 10;
    if draw < style.general { language.word(dice) } else { topics[usize::from(draw >= first)].word(dice) }
}

fn fill(text: &mut String, phrase: &str, topic: &Topic, dice: &mut Dice) {
    let mut rest = phrase;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (hole, after) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(match hole {
            "t" => topic.terms(dice, 1)[0],
            _ => topic.word(dice),
        });
        rest = after;
    }
    text.push_str(rest);
}
