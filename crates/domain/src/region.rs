//! Administrative regions of GB/T 2260: provinces, cities and counties.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

const PROVINCES: &str = include_str!("../../../data/codes/gb2260_provinces.csv");
const CITIES: &str = include_str!("../../../data/codes/gb2260_cities.csv");
const COUNTIES: &str = include_str!("../../../data/codes/gb2260_counties.csv");

/// Six-digit code to name, ascending.
static NAMES: LazyLock<BTreeMap<u32, &'static str>> = LazyLock::new(|| {
    let table = |text: &'static str, factor: u32| {
        text.lines().skip(1).filter_map(move |line| {
            let mut cells = line.split(',');
            let code: u32 = cells.next()?.trim().parse().ok()?;
            Some((code * factor, cells.next()?.trim().trim_matches('"')))
        })
    };
    table(PROVINCES, 10_000).chain(table(CITIES, 100)).chain(table(COUNTIES, 1)).collect()
});

/// Names (with and without the level's suffix) to the regions that bear them.
static BY_NAME: LazyLock<HashMap<String, Vec<Region>>> = LazyLock::new(|| {
    let mut map: HashMap<String, Vec<Region>> = HashMap::new();
    for &code in NAMES.keys() {
        let region = Region(code);
        let mut names = vec![region.name().to_owned(), region.full_name(), short(region.name()).to_owned()];
        names.sort();
        names.dedup();
        for name in names {
            map.entry(name).or_default().push(region);
        }
    }
    map
});

/// How deep a region lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegionLevel {
    /// 省、自治区、直辖市
    Province,
    /// 地级市、州
    City,
    /// 县、区、县级市
    County,
}

/// How near two regions are, nearest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proximity {
    /// In different provinces, or unknown.
    Apart,
    /// The same province.
    Province,
    /// The same city.
    City,
    /// The same county.
    County,
}

/// A region of the national table, held as its six-digit code (`340000`, `340100`, `340104`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(u32);

impl Region {
    /// The six-digit code.
    pub const fn code(self) -> u32 {
        self.0
    }

    /// The region's own name, 蜀山区.
    pub fn name(self) -> &'static str {
        NAMES.get(&self.0).copied().unwrap_or_default()
    }

    /// The name from the province down, 安徽省合肥市蜀山区; levels that are mere placeholders (市辖区 of a municipality) are left out.
    pub fn full_name(self) -> String {
        self.path().into_iter().filter(|region| !region.is_placeholder()).map(Self::name).collect()
    }

    /// Whether this only fills the level between a province and counties that belong to no city.
    fn is_placeholder(self) -> bool {
        let name = self.name();
        self.level() == RegionLevel::City && (matches!(name, "市辖区" | "县") || name.contains("直辖县级"))
    }

    /// The level that the code's trailing zeros tell.
    pub const fn level(self) -> RegionLevel {
        if self.0.is_multiple_of(10_000) {
            RegionLevel::Province
        } else if self.0.is_multiple_of(100) {
            RegionLevel::City
        } else {
            RegionLevel::County
        }
    }

    /// From the province down to this region.
    pub fn path(self) -> Vec<Self> {
        let mut path = vec![self.province(), self.city(), self];
        path.dedup();
        path
    }

    /// Whether `other` is this region or lies in it.
    pub fn contains(self, other: Self) -> bool {
        self == other || self == other.city() || self == other.province()
    }

    /// How near two regions are. A region known only as a city is at most in the same city as another. The districts of a
    /// municipality lie in one city; counties directly under a province do not.
    pub fn proximity(self, other: Self) -> Proximity {
        if self.province() != other.province() {
            return Proximity::Apart;
        }
        if self == other && self.level() == RegionLevel::County {
            return Proximity::County;
        }
        let both_below = self.level().min(other.level()) > RegionLevel::Province;
        let one_city = self.city() == other.city() && !self.city().is_placeholder();
        if both_below && (self.in_municipality() || one_city) { Proximity::City } else { Proximity::Province }
    }

    /// The province that it is or lies in.
    const fn province(self) -> Self {
        Self(self.0 / 10_000 * 10_000)
    }

    /// The city that it is or lies in; a province itself.
    const fn city(self) -> Self {
        Self(self.0 / 100 * 100)
    }

    /// 北京、天津、上海、重庆
    const fn in_municipality(self) -> bool {
        matches!(self.0 / 10_000, 11 | 12 | 31 | 50)
    }

    /// The provinces, for the root of a tree.
    pub fn provinces() -> impl Iterator<Item = Self> {
        static ALL: LazyLock<Vec<Region>> = LazyLock::new(|| {
            let regions = NAMES.keys().map(|&code| Region(code));
            regions.filter(|region| region.level() == RegionLevel::Province).collect()
        });
        ALL.iter().copied()
    }
}

/// The peoples that names of autonomous regions, prefectures and counties mention, as these names write them.
const PEOPLES: &[&str] = &[
    "蒙古族",
    "蒙古",
    "回族",
    "藏族",
    "维吾尔",
    "苗族",
    "彝族",
    "壮族",
    "布依族",
    "朝鲜族",
    "满族",
    "侗族",
    "瑶族",
    "白族",
    "土家族",
    "哈尼族",
    "哈萨克族",
    "哈萨克",
    "傣族",
    "黎族",
    "傈僳族",
    "佤族",
    "畲族",
    "拉祜族",
    "水族",
    "东乡族",
    "纳西族",
    "景颇族",
    "柯尔克孜",
    "土族",
    "达斡尔族",
    "仫佬族",
    "羌族",
    "布朗族",
    "撒拉族",
    "毛南族",
    "仡佬族",
    "锡伯",
    "塔吉克",
    "怒族",
    "鄂温克族",
    "德昂族",
    "保安族",
    "裕固族",
    "独龙族",
    "普米族",
    "各族",
];

/// The name as people say it: without the suffix of its level and the peoples before 自治, as long as two characters remain.
fn short(name: &str) -> &str {
    let long_enough = |rest: &&str| rest.chars().nth(1).is_some();
    let autonomous = ["自治州", "自治县", "自治区", "自治旗"];
    if let Some(mut rest) = autonomous.iter().find_map(|suffix| name.strip_suffix(suffix)) {
        while let Some(shorter) =
            PEOPLES.iter().find_map(|people| rest.strip_suffix(people)).filter(long_enough)
        {
            rest = shorter;
        }
        return if long_enough(&rest) { rest } else { name };
    }
    let suffixes = ["特别行政区", "地区", "省", "市", "县", "区"];
    suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).filter(long_enough).unwrap_or(name)
}

/// Reads a code of 2, 4 or 6 digits, or a name: 安徽省合肥市蜀山区, 安徽合肥, 合肥市, 合肥.
impl FromStr for Region {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let between = |c: &char| {
            !(c.is_whitespace() || matches!(c, '/' | '-' | '—' | '－' | '·' | '>' | '、' | ',' | '，'))
        };
        let text: String = text.chars().filter(between).collect();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            // Statistical codes of twelve digits go on to town and village.
            let text = text.strip_suffix("000000").filter(|code| code.len() == 6).unwrap_or(&text);
            let scale = match text.len() {
                2 => 10_000,
                4 => 100,
                6 => 1,
                _ => 0,
            };
            let code = text.parse::<u32>().unwrap_or_default() * scale;
            return if NAMES.contains_key(&code) {
                Ok(Self(code))
            } else {
                Err(format!("“{text}”不在行政区划代码表（GB/T 2260）中"))
            };
        }
        by_name(&text)
    }
}

fn by_name(text: &str) -> Result<Region, String> {
    if let Some(found) = BY_NAME.get(text) {
        return unique_highest(found).ok_or_else(|| ambiguous(text));
    }
    // A path of names, each with or without its suffix.
    let starts =
        |province: &Region| [province.name(), short(province.name())].iter().any(|n| text.starts_with(n));
    let within = |province: Region| NAMES.range(province.0..province.0 + 10_000);
    let below = Region::provinces().filter(starts).flat_map(within).map(|(&code, _)| Region(code));
    let mut found: Vec<Region> = below.filter(|region| names(text, *region, &region.path())).collect();
    if found.is_empty() {
        // The province may be left out: 合肥市蜀山区.
        let cities = NAMES.keys().map(|&code| Region(code)).filter(|r| r.level() == RegionLevel::City);
        let starts = |city: &Region| [city.name(), short(city.name())].iter().any(|n| text.starts_with(n));
        let within = |city: Region| NAMES.range(city.0..city.0 + 100);
        let below = cities.filter(starts).flat_map(within).map(|(&code, _)| Region(code));
        found = below.filter(|region| names(text, *region, &region.path()[1..])).collect();
    }
    if found.is_empty() {
        return Err(format!(
            "“{text}”不是行政区划名称或代码（GB/T 2260），请写如“安徽省合肥市蜀山区”或 340104"
        ));
    }
    unique_highest(&found).ok_or_else(|| ambiguous(text))
}

fn ambiguous(text: &str) -> String {
    format!("“{text}”有多个同名地区，请写明省、市，如“安徽省合肥市蜀山区”")
}

/// Of a city and its namesake county or district, the city is meant; among equals nobody knows.
fn unique_highest(found: &[Region]) -> Option<Region> {
    let top = found.iter().map(|region| region.level()).min()?;
    let mut at_top = found.iter().filter(|region| region.level() == top);
    at_top.next().copied().filter(|_| at_top.next().is_none())
}

/// Whether `text` names the steps of the path of `region` in order. The city may be left out: 安徽省蜀山区, 北京市海淀区.
fn names(text: &str, region: Region, steps: &[Region]) -> bool {
    let [step, below @ ..] = steps else { return text.is_empty() };
    let named = [step.name(), short(step.name())];
    named.iter().any(|name| text.strip_prefix(name).is_some_and(|rest| names(rest, region, below)))
        || step.level() == RegionLevel::City && *step != region && names(text, region, below)
}

impl TryFrom<String> for Region {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        format!("{:06}", region.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06} {}", self.0, self.full_name())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn region(text: &str) -> Region {
        text.parse().unwrap()
    }

    #[test]
    fn codes_and_names_are_both_read() {
        for text in [
            "340104",
            "安徽省合肥市蜀山区",
            "安徽合肥蜀山区",
            "安徽省蜀山区",
            "蜀山区",
            "安徽省 合肥市 蜀山区",
        ] {
            assert_eq!(region(text).code(), 340_104, "{text}");
        }
        for text in ["34", "340000", "安徽", "安徽省"] {
            assert_eq!(region(text).code(), 340_000, "{text}");
        }
        for (text, code) in [
            ("广西南宁", 450_100),
            ("宁夏", 640_000),
            ("新疆", 650_000),
            ("内蒙古", 150_000),
            ("恩施", 422_800),
        ] {
            assert_eq!(region(text).code(), code, "{text}");
        }
        for (text, code) in [
            ("合肥市蜀山区", 340_104),
            ("安徽省/合肥市/蜀山区", 340_104),
            ("福州市鼓楼区", 350_102),
            ("340104000000", 340_104),
        ] {
            assert_eq!(region(text).code(), code, "{text}");
        }
        assert_eq!(region("合肥"), region("3401"));
        assert_eq!(region("北京市海淀区").full_name(), "北京市海淀区");
    }

    #[test]
    fn what_is_ambiguous_or_unknown_is_refused_in_words() {
        assert!("鼓楼区".parse::<Region>().unwrap_err().contains("多个同名"));
        for text in ["", "340199", "34010", "火星", "999999", "000000"] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
    }

    #[test]
    fn proximity_goes_by_the_deepest_shared_level() {
        let near = |a: &str, b: &str| region(a).proximity(region(b));
        assert_eq!(near("340104", "340104"), Proximity::County);
        assert_eq!(near("340104", "340100"), Proximity::City);
        assert_eq!(near("340104", "340202"), Proximity::Province);
        assert_eq!(near("340104", "350100"), Proximity::Apart);
        assert_eq!(near("340000", "340000"), Proximity::Province);
        // 仙桃 and 潜江 are cities of their own under one placeholder; 石河子 and 阿拉尔 likewise.
        for (one, other) in [("429004", "429005"), ("659001", "659002"), ("429000", "429004")] {
            assert_eq!(near(one, other), Proximity::Province, "{one} {other}");
        }
        assert_eq!(near("429004", "429004"), Proximity::County);
        // A municipality is one city, whichever placeholder its districts and counties stand under.
        assert_eq!(near("110105", "110108"), Proximity::City);
        assert_eq!(near("500101", "500229"), Proximity::City);
        assert_eq!(near("110000", "110108"), Proximity::Province);
    }

    #[test]
    fn a_path_that_fits_two_regions_is_refused() {
        for text in ["江苏省鼓楼区", "江苏鼓楼区", "山东省市中区", "河北省桥西区", "河北省新华区"]
        {
            assert!(text.parse::<Region>().unwrap_err().contains("多个同名"), "{text}");
        }
        assert_eq!(region("江苏省南京市鼓楼区").code(), 320_106);
        assert_eq!(region("江苏徐州鼓楼").code(), 320_302);
        // A city and its namesake county.
        assert_eq!(region("辽宁朝阳").code(), 211_300);
        assert_eq!(region("辽宁省朝阳县").code(), 211_321);
        assert_eq!(region("重庆市城口县").full_name(), "重庆市城口县");
    }

    #[test]
    fn a_county_under_its_province_is_found_unless_it_has_a_namesake_there() {
        let counties = || NAMES.keys().map(|&code| Region(code)).filter(|r| r.level() == RegionLevel::County);
        let mut bearers: HashMap<(u32, &str), usize> = HashMap::new();
        for county in counties() {
            *bearers.entry((county.0 / 10_000, county.name())).or_default() += 1;
        }
        for county in counties() {
            let text = format!("{}{}", county.path()[0].name(), county.name());
            match text.parse::<Region>() {
                // 甘肃省嘉峪关市 is city and county.
                Ok(found) => assert!(found == county || found.name() == county.name(), "{text}"),
                Err(_) => assert!(bearers[&(county.0 / 10_000, county.name())] > 1, "{text}"),
            }
        }
    }

    #[test]
    fn every_region_is_found_by_its_full_name() {
        for &code in NAMES.keys() {
            let found = Region(code).full_name().parse::<Region>();
            // Placeholder cities share their province's full name.
            assert!(found.is_ok_and(|f| f.full_name() == Region(code).full_name()), "{code}");
        }
    }
}
