//! Words that lead to another article. The labelled pages have few teasers between the paragraphs
//! of an article, where news pages have many.

/// What stands before the headline of another article in the language `lang`; nothing where we do
/// not know.
pub(super) fn lead_ins(lang: &str) -> &'static [&'static str] {
    match lang {
        "en" => &[
            "Read more:",
            "READ MORE:",
            "Also read:",
            "ALSO READ:",
            "Related:",
            "RELATED:",
            "See also:",
            "Read next:",
            "More on this:",
            "Recommended:",
            "Read also:",
            "MORE:",
        ],
        "de" => &[
            "Lesen Sie auch:",
            "Mehr zum Thema:",
            "Lesen Sie mehr:",
            "Auch interessant:",
            "Lesetipp:",
            "Siehe auch:",
        ],
        "fr" => &["Lire aussi :", "À lire aussi :", "Voir aussi :", "LIRE AUSSI :", "Lire plus :"],
        "es" => &[
            "Lea también:",
            "Lee también:",
            "Te puede interesar:",
            "Más información:",
            "LEA TAMBIÉN:",
            "Ver también:",
        ],
        "pt" => &["Leia também:", "Leia mais:", "Veja também:", "LEIA TAMBÉM:"],
        "it" => &["Leggi anche:", "LEGGI ANCHE:", "Vedi anche:"],
        "ru" => &["Читайте также:", "По теме:", "Читайте ещё:", "Смотрите также:"],
        "pl" => &["Czytaj także:", "Czytaj też:", "Zobacz też:", "Przeczytaj także:"],
        "nl" => &["Lees ook:", "Lees meer:"],
        "el" => &["Διαβάστε επίσης:", "Διαβάστε ακόμη:", "Δείτε επίσης:"],
        "tr" => &["İlgili haber:", "Ayrıca okuyun:", "Bunu da okuyun:"],
        "id" => &["Baca juga:", "BACA JUGA:", "Lihat juga:"],
        "vi" => &["Xem thêm:", "Đọc thêm:", "Tin liên quan:"],
        "zh" => &["相关阅读：", "延伸阅读：", "推荐阅读：", "相关新闻："],
        "ja" => &["関連記事：", "あわせて読みたい：", "【関連記事】"],
        "ko" => &["관련 기사:", "[관련기사]", "함께 읽기:"],
        _ => &[],
    }
}
