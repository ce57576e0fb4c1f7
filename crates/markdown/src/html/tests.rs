//! The HTML of single blocks and whole texts.

use crate::render;

fn html(text: &str) -> String {
    render(text).concat()
}

#[test]
fn commonmark_and_gfm_become_their_elements() {
    for (text, expected) in [
        ("a *b* **c** ~~d~~ `e<`", "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e&lt;</code></p>"),
        ("> q\n\n---", "<blockquote><p>q</p></blockquote><hr>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("3. a\n\n4. b", "<ol start=\"3\"><li><p>a</p></li><li><p>b</p></li></ol>"),
        ("one\ntwo  \nthree", "<p>one<br>\ntwo<br>\nthree</p>"),
        ("    a < b", "<div class=\"code\"><pre><code>a &lt; b\n</code></pre></div>"),
    ] {
        assert_eq!(html(text), expected, "{text:?}");
    }
}

#[test]
fn fence_names_language() {
    for (info, attribute) in [
        ("rust", " data-language=\"rust\""),
        ("Rust,no_run", " data-language=\"rust\""),
        ("{.python .x}", " data-language=\"python\""),
        ("c++", " data-language=\"c++\""),
        ("a\"onclick=1", ""),
        ("", ""),
    ] {
        let expected = format!("<div class=\"code\"{attribute}><pre><code>a *b*\n</code></pre></div>");
        assert_eq!(html(&format!("```{info}\na *b*\n```")), expected, "{info}");
    }
}

#[test]
fn tables_have_heads_alignment_and_filled_rows() {
    assert_eq!(
        html("| a | b |\n|---|--:|\n| 1 |\n| | 2<br>3 |\n"),
        "<div class=\"table\"><table><thead><tr><th>a</th><th align=\"right\">b</th></tr></thead><tbody>\
         <tr><td>1</td><td></td></tr><tr><td></td><td align=\"right\">2<br>\n3</td></tr></tbody></table></div>"
    );
    assert_eq!(
        html("|a|\n|-|"),
        "<div class=\"table\"><table><thead><tr><th>a</th></tr></thead></table></div>"
    );
}

#[test]
fn tasks_are_disabled_checkboxes() {
    assert_eq!(
        html("- [x] a\n- [ ] b"),
        "<ul><li><input type=\"checkbox\" disabled=\"\" checked=\"\" aria-label=\"done\"> a</li>\
         <li><input type=\"checkbox\" disabled=\"\" aria-label=\"to do\"> b</li></ul>"
    );
}

#[test]
fn headings_begin_below_page_and_skip_no_level() {
    assert_eq!(html("## a\n#### b\n## c\n# d\n## e"), "<h3>a</h3><h4>b</h4><h3>c</h3><h3>d</h3><h4>e</h4>");
    assert_eq!(
        html("# a\n## b\n### c\n#### d\n##### e"),
        "<h3>a</h3><h4>b</h4><h5>c</h5><h6>d</h6><h6>e</h6>"
    );
}

/// The link with its attributes in the order of the sanitizer.
fn link(address: &str, text: &str) -> String {
    format!("<a href=\"{address}\" target=\"_blank\" rel=\"noopener noreferrer\">{text}</a>")
}

#[test]
fn links_are_http_and_mail() {
    for (text, expected) in [
        ("[a](https://x.org/?a=1&b=2)", link("https://x.org/?a=1&amp;b=2", "a")),
        ("<https://x.org>", link("https://x.org/", "https://x.org")),
        ("<a@x.org>", link("mailto:a@x.org", "a@x.org")),
        ("[](https://x.org)", link("https://x.org/", "https://x.org/")),
        ("[a](javascript:alert(1))", "a (javascript:alert(1))".to_owned()),
        ("[a](&#x6A;avascript:1)", "a (javascript:1)".to_owned()),
        ("[a](/x.md)", "a (/x.md)".to_owned()),
        ("[a](#b)", "a".to_owned()),
    ] {
        assert_eq!(html(text), format!("<p>{expected}</p>"), "{text}");
    }
}

#[test]
fn addresses_in_text_are_links() {
    for (text, expected) in [
        ("see https://x.org/a_b_c.", format!("see {}.", link("https://x.org/a_b_c", "https://x.org/a_b_c"))),
        ("(https://x.org/a_(b))", format!("({})", link("https://x.org/a_(b)", "https://x.org/a_(b)"))),
        ("见https://x.org/a。好", format!("见{}。好", link("https://x.org/a", "https://x.org/a"))),
        ("xhttp://a http:// https://", "xhttp://a http:// https://".to_owned()),
        ("`https://x.org`", "<code>https://x.org</code>".to_owned()),
    ] {
        assert_eq!(html(text), format!("<p>{expected}</p>"), "{text}");
    }
}

#[test]
fn images_are_links_that_load_nothing() {
    let expected = |text| link("https://x.org/a.png", text).replace("<a ", "<a class=\"image\" ");
    let same = |a: String, b: String| {
        let sorted = |text: &str| {
            let mut words: Vec<_> = text.split([' ', '>']).map(str::to_owned).collect();
            words.sort();
            words
        };
        assert_eq!(sorted(&a), sorted(&b), "{a} {b}");
    };
    same(html("![alt *x*](https://x.org/a.png)"), format!("<p>{}</p>", expected("alt x")));
    same(html("![](https://x.org/a.png)"), format!("<p>{}</p>", expected("https://x.org/a.png")));
    same(
        html("[![b](https://x.org/a.png)](https://y.org)"),
        format!("<p>{}</p>", link("https://y.org/", "b")),
    );
    assert_eq!(html("![a](data:image/png;base64,AAAA)"), "<p>a (data:image/png;base64,AAAA)</p>");
}

#[test]
fn html_of_model_is_text() {
    assert_eq!(
        html("<div onclick=x>\n<b>\n</div>\n\na <i>b</i>"),
        "<p>&lt;div onclick=x&gt;<br>&lt;b&gt;<br>&lt;/div&gt;</p><p>a &lt;i&gt;b&lt;/i&gt;</p>"
    );
}

#[test]
fn formulas_stay_as_written() {
    for text in [
        "\\(a_1 * b_2 * c\\) and $x*y*z$",
        "\\[ \\frac{a}{b} \\\\ \\{x\\} \\]",
        "$$\\begin{a}1\\end{a}$$",
        "it costs $5 or $6, and $a \\$ b*c*d$",
    ] {
        assert_eq!(html(text), format!("<p>{text}</p>"));
    }
    assert_eq!(html("\\[\n- a_b_\n= c\n\\] *d*"), "<p>\\[<br>\n- a_b_<br>\n= c<br>\n\\] <em>d</em></p>");
    assert_eq!(html("$5 *a* $6"), "<p>$5 <em>a</em> $6</p>");
    assert_eq!(html("`\\(` *a* `\\)`"), "<p><code>\\(</code> <em>a</em> <code>\\)</code></p>");
}

#[test]
fn emphasis_works_beside_cjk_punctuation() {
    assert_eq!(html("**重点：**内容"), "<p><strong>重点：</strong>内容</p>");
    assert_eq!(
        html("他说**“你好”**了，*（一）*二"),
        "<p>他说<strong>“你好”</strong>了，<em>（一）</em>二</p>"
    );
}

#[test]
fn definitions_are_shown_and_resolve_references_before_them() {
    let blocks = render("See [the docs][1] and [2].\n\n[1]: https://x.org \"Title\"\n[3]: javascript:1");
    assert_eq!(blocks[0], format!("<p>See {} and [2].</p>", link("https://x.org/", "the docs")));
    assert_eq!(
        blocks[1],
        format!(
            "<p>{}: {} \"Title\"<br>\n[3]: javascript:1</p>",
            link("https://x.org/", "1"),
            link("https://x.org/", "https://x.org")
        )
    );
}
