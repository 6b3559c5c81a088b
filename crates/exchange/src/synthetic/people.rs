//! Made-up people, houses and places. Any likeness is chance; mail goes to example.com.

use super::dice::Dice;

const COUNTIES: &str = include_str!("../../../../data/codes/gb2260_counties.csv");

/// Frequent surnames, the most frequent first.
const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤";
const GIVEN: &str = "伟芳娜敏静强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建国文志远思哲嘉怡子涵晨宇浩然欣悦雨桐佳琪俊凯博睿泽铭梓轩诗雅婷慧玲丽红梅燕飞鹏辉斌波宁健林海峰亮成东旭阳光永新春生根宝庆祥德仁义信忠良贤安康乐清源润沐川岳恒毅弘景";
const HOUSE_FIRST: &str = "云青岚澄衡瀚朗皖芜淮望昭禾松渝泓启景曜砺";
const HOUSE_SECOND: &str = "川泽陵溪屿湖原桥岭汀坪源津洲塘峦";

/// The province where most records of a provincial programme come from.
const HOME: &str = "34";
const HOME_PERCENT: usize = 45;

/// County codes of the national table.
pub(super) struct Places {
    all: Vec<&'static str>,
    home: Vec<&'static str>,
}

impl Places {
    pub(super) fn new() -> Self {
        let all: Vec<&'static str> = COUNTIES.lines().skip(1).filter_map(|line| line.get(..6)).collect();
        let home = all.iter().copied().filter(|code| code.starts_with(HOME)).collect();
        Self { all, home }
    }

    pub(super) fn county(&self, dice: &mut Dice) -> &'static str {
        if dice.chance(HOME_PERCENT) { dice.pick(&self.home) } else { dice.pick(&self.all) }
    }

    /// Where someone from `home` would go: nowhere said, the own province, or further ones too.
    pub(super) fn travel(&self, home: &str, dice: &mut Dice) -> Vec<String> {
        let province = |code: &str| format!("{}0000", &code[..2]);
        let mut regions = Vec::new();
        match dice.below(100) {
            0..15 => {}
            15..75 => regions.push(province(home)),
            _ => {
                regions.push(province(home));
                for _ in 0..dice.between(1, 2) {
                    regions.push(province(self.county(dice)));
                }
            }
        }
        regions.dedup();
        regions
    }
}

/// One of `text`'s characters, earlier ones more often.
fn early(text: &str, dice: &mut Dice) -> char {
    let count = text.chars().count();
    let at = dice.below(count).min(dice.below(count));
    text.chars().nth(at).unwrap_or('王')
}

/// A name of two or three characters.
pub(super) fn person(dice: &mut Dice) -> String {
    let mut name = String::from(early(SURNAMES, dice));
    for _ in 0..if dice.chance(20) { 1 } else { 2 } {
        let given = dice.below(GIVEN.chars().count());
        name.extend(GIVEN.chars().nth(given));
    }
    name
}

/// The name of a house that does not exist: 云川 and an ending.
pub(super) fn house(endings: &[&str], dice: &mut Dice) -> String {
    let mut name = String::new();
    for part in [HOUSE_FIRST, HOUSE_SECOND] {
        let at = dice.below(part.chars().count());
        name.extend(part.chars().nth(at));
    }
    name + dice.pick(endings)
}
