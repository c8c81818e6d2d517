//! Plots as SVG: lines over a grid, on a ground of their own, so that they can be read on light pages and on dark ones.

use std::fmt::Write as _;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 62.0;

/// One direction: what it measures, where it begins and ends, and what is written along it.
pub struct Axis {
    pub label: String,
    pub from: f64,
    pub to: f64,
    /// Whether each step is ten times the last. `from` is then above 0.
    pub is_logarithmic: bool,
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Where between 0 and 1 a value is.
    fn place(&self, value: f64) -> f64 {
        let value = value.clamp(self.from, self.to);
        if self.is_logarithmic {
            (value / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        }
    }
}

pub struct Line {
    pub name: String,
    pub colour: &'static str,
    pub is_dashed: bool,
    pub points: Vec<(f64, f64)>,
}

pub struct Plot {
    pub title: String,
    pub subtitle: String,
    pub x: Axis,
    pub y: Axis,
    /// A stretch of the x axis to be shaded, and why.
    pub band: Option<(f64, f64, String)>,
    pub lines: Vec<Line>,
}

impl Plot {
    pub fn svg(&self) -> String {
        let x = |value| LEFT + self.x.place(value) * (WIDTH - LEFT - RIGHT);
        let y = |value| HEIGHT - BOTTOM - self.y.place(value) * (HEIGHT - TOP - BOTTOM);
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let mut svg = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="13" fill="#1f2328">
<title>{title}</title>
<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff" stroke="#d0d7de"/>
<text x="{LEFT}" y="28" font-size="17" font-weight="600">{title}</text>
<text x="{LEFT}" y="48" fill="#59636e">{subtitle}</text>
"##,
            title = self.title,
            subtitle = self.subtitle,
        );
        let mut add = |line: String| writeln!(svg, "{line}").expect("a string takes it");
        if let Some((from, to, why)) = &self.band {
            let (from, to) = (x(*from), x(*to));
            add(format!(
                r##"<rect x="{from:.1}" y="{TOP}" width="{:.1}" height="{:.1}" fill="#eaeef2"/>"##,
                to - from,
                bottom - TOP
            ));
            add(format!(r##"<text x="{:.1}" y="{}" fill="#59636e">{why}</text>"##, from + 6.0, TOP + 16.0));
        }
        for (value, label) in &self.y.ticks {
            let at = y(*value);
            add(format!(r##"<path d="M{LEFT} {at:.1}H{right}" stroke="#d8dee4"/>"##));
            add(format!(r#"<text x="{}" y="{:.1}" text-anchor="end">{label}</text>"#, LEFT - 8.0, at + 4.5));
        }
        for (value, label) in &self.x.ticks {
            let at = x(*value);
            add(format!(r##"<path d="M{at:.1} {bottom}v5" stroke="#59636e"/>"##));
            add(format!(r#"<text x="{at:.1}" y="{}" text-anchor="middle">{label}</text>"#, bottom + 21.0));
        }
        add(format!(r##"<path d="M{LEFT} {bottom}H{right}" stroke="#59636e"/>"##));
        let middle = f64::midpoint(LEFT, right);
        add(format!(r#"<text x="{middle}" y="{}" text-anchor="middle">{}</text>"#, HEIGHT - 14.0, self.x.label));
        let middle = f64::midpoint(TOP, bottom);
        add(format!(
            r#"<text transform="translate(20 {middle}) rotate(-90)" text-anchor="middle">{}</text>"#,
            self.y.label
        ));
        let mut legend = LEFT;
        for line in &self.lines {
            let dash = if line.is_dashed { r#" stroke-dasharray="6 4""# } else { "" };
            let style =
                format!(r#"fill="none" stroke="{}" stroke-width="1.8" stroke-linejoin="round"{dash}"#, line.colour);
            let mut path = String::new();
            for (index, (from, to)) in line.points.iter().enumerate() {
                let step = if index == 0 { 'M' } else { 'L' };
                write!(path, "{step}{:.1} {:.1}", x(*from), y(*to)).expect("a string takes it");
            }
            add(format!(r#"<path d="{path}" {style}/>"#));
            add(format!(r#"<path d="M{legend} 66h24" {style}/>"#));
            add(format!(r#"<text x="{}" y="70.5">{}</text>"#, legend + 30.0, line.name));
            // No letter is wider than that on average, whatever the font.
            legend += 56.0 + 7.2 * line.name.chars().count() as f64;
        }
        svg.push_str("</svg>\n");
        svg
    }
}
