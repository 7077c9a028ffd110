#include "sim/scenario/jobs.h"

#include <algorithm>
#include <array>

#include "sim/base/limits.h"
#include "sim/base/utf8.h"
#include "sim/scenario/lexer.h"

namespace sy {
namespace {

constexpr std::size_t kMostJobs = 10'000;
constexpr std::size_t kMostParts = 100'000;

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    while (out.size() <= kMostParts) {
        const std::size_t end = text.find(separator);
        out.push_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return out;
}

// `5`, `0.25`, in units; nothing if it is no number, or longer than the language allows.
std::optional<Nanos> units_of(std::string_view text, Nanos unit) {
    constexpr Nanos kMost = 1'000'000'000'000;
    Nanos whole = 0, part = 0, scale = 1;
    std::size_t i = 0;
    const auto digit = [&] { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
    for (; digit(); ++i) {
        whole = whole * 10 + (text[i] - '0');
        if (whole > kMost) return {};
    }
    if (i == 0) return {};
    if (i + 1 < text.size() && text[i] == '.') {
        for (++i; digit() && scale < 1'000'000; ++i) {
            part = part * 10 + (text[i] - '0');
            scale *= 10;
        }
    }
    if (i != text.size() || whole > limits::duration_ns / unit) return {};
    const Nanos time = whole * unit + part * unit / scale;
    if (time > limits::duration_ns) return {};
    return time;
}

// The same with a unit behind it, or in `unit` without.
std::optional<Nanos> time_of(std::string_view text, Nanos unit) {
    constexpr struct {
        std::string_view name;
        Nanos factor;
    } kUnits[] = {{"ns", 1}, {"us", kMicro}, {"ms", kMilli}, {"s", kSecond}};
    for (const auto& u : kUnits)
        if (text.size() > u.name.size() && text.ends_with(u.name))
            return units_of(text.substr(0, text.size() - u.name.size()), u.factor);
    if (unit == 0) return {};
    return units_of(text, unit);
}

void add(std::vector<Stmt>& body, Stmt::Kind kind, Nanos time) {
    if (time <= 0) return;
    Stmt& stmt = body.emplace_back();
    stmt.kind = kind;
    stmt.time.a = time;
}

class ListReader {
  public:
    ListReader(const JobUnits& units, Text& why) : u_(units), why_(why) {}

    std::optional<JobList> read(std::string_view list) {
        JobList out;
        const bool has_letters = list.find_first_of("ci") != std::string_view::npos;
        const auto commas = split(list, ',');
        const bool all_pairs = std::all_of(commas.begin(), commas.end(), [](std::string_view p) {
            return std::count(p.begin(), p.end(), ':') == 1;
        });
        bool good = true;
        if (has_letters) {
            out.kind = JobListKind::programs;
            for (std::string_view p : split(list, ':')) good = good && program(p, job(out));
        } else if (all_pairs) {
            out.kind = JobListKind::instructions;
            for (std::string_view p : commas) good = good && instructions(p, job(out));
        } else if (list.find(':') != std::string_view::npos) {
            out.kind = JobListKind::triples;
            if (list.ends_with(':')) list.remove_suffix(1);  // 0,180,0: is one job, not three
            for (std::string_view p : split(list, ':')) good = good && triple(p, job(out));
        } else {
            for (std::string_view p : commas) good = good && length(p, job(out));
        }
        if (good && out.jobs.size() > kMostJobs) {
            const std::string most = std::to_string(kMostJobs);
            why_ = text("more than {0} jobs", "作业超过 {0} 个", {most});
            good = false;
        }
        if (!good) return {};
        return out;
    }

  private:
    ProcessDecl& job(JobList& out) {
        if (out.jobs.size() > kMostJobs) out.jobs.pop_back();  // too many: said at the end
        ProcessDecl& p = out.jobs.emplace_back();
        p.name = "job" + std::to_string(out.jobs.size() - 1);
        return p;
    }
    bool wrong(std::string_view part, const char* en, const char* zh) {
        const std::string shown = utf8::printable(part, 24);
        why_ = text(en, zh, {shown});
        return false;
    }
    bool length(std::string_view part, ProcessDecl& p) {
        const auto time = units_of(part, u_.unit);
        if (!time || *time == 0)
            return wrong(part, "'{0}' is no length of a job", "“{0}” 不是作业的长度");
        add(p.body, Stmt::Kind::run, *time);
        return true;
    }
    void io(std::vector<Stmt>& body, Nanos time) const {
        add(body, Stmt::Kind::run, u_.io_cpu * u_.unit);
        add(body, Stmt::Kind::sleep, time);
        add(body, Stmt::Kind::run, u_.io_cpu * u_.unit);
    }
    bool program(std::string_view list, ProcessDecl& p) {
        for (std::string_view part : split(list, ',')) {
            const auto time = part.size() > 1 ? units_of(part.substr(1), u_.unit) : Nanos{0};
            if (part.starts_with('c') && part.size() > 1 && time && *time > 0)
                add(p.body, Stmt::Kind::run, *time);
            else if (part == "i" || (part.starts_with('i') && time && *time > 0))
                io(p.body, part == "i" ? u_.io_time * u_.unit : *time);
            else
                return wrong(part, "'{0}' is neither cN (compute N units) nor i (an I/O)",
                             "“{0}” 既不是 cN（计算 N 个单位）也不是 i（一次 I/O）");
        }
        return true;
    }
    bool instructions(std::string_view pair, ProcessDecl& p) {
        const auto two = split(pair, ':');
        const auto count = units_of(two[0], 1), percent = units_of(two[1], 1);
        if (!count || *count == 0 || *count > 1000 || !percent ||
            (*percent != 0 && *percent != 100))
            return wrong(pair,
                         "'{0}' is no N:100 (N instructions that compute) nor N:0 (N that do I/O); "
                         "what lies between is drawn by process-run.py at random: write it out as "
                         "c3,i,c1",
                         "“{0}” 既不是 N:100（N 条计算指令）也不是 N:0（N 条 I/O）；两者之间由 "
                         "process-run.py 随机抽取：请写成 c3,i,c1");
        if (*percent == 100)
            add(p.body, Stmt::Kind::run, *count * u_.unit);
        else if (Stmt& loop = p.body.emplace_back(); true) {
            loop.kind = Stmt::Kind::repeat;
            loop.count = *count;
            io(loop.body, u_.io_time * u_.unit);
        }
        return true;
    }
    bool triple(std::string_view part, ProcessDecl& p) {
        const auto three = split(part, ',');
        std::array<std::optional<Nanos>, 3> t;
        for (std::size_t i = 0; i < 3 && i < three.size(); ++i) t[i] = units_of(three[i], u_.unit);
        if (three.size() != 3 || !t[0] || !t[1] || !t[2] || *t[1] == 0)
            return wrong(part, "'{0}' is not START,LENGTH,IO-AFTER (0: no I/O)",
                         "“{0}” 不是 开始,长度,I/O 间隔（0：无 I/O）");
        p.arrive.a = *t[0];
        const Nanos run = *t[1], every = *t[2];
        // It ends with its last unit: an I/O that would come at that moment is not issued.
        const Nanos ios = every == 0 ? 0 : (run - 1) / every;
        if (ios > 0) {
            Stmt& loop = p.body.emplace_back();
            loop.kind = Stmt::Kind::repeat;
            loop.count = ios;
            add(loop.body, Stmt::Kind::run, every);
            add(loop.body, Stmt::Kind::sleep, u_.io_time * u_.unit);
        }
        add(p.body, Stmt::Kind::run, run - ios * every);
        return true;
    }

    const JobUnits& u_;
    Text& why_;
};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

std::vector<JobField> fields_of(std::string_view row, std::int32_t line) {
    std::vector<JobField> out;
    std::int32_t column = 1;
    for (std::string_view part : split(row, ',')) {
        const std::string_view field = trimmed(part);
        const auto blanks =
            static_cast<std::int32_t>(field.empty() ? 0 : field.data() - part.data());
        const auto wide = [](std::string_view s) {
            return static_cast<std::int32_t>(std::count_if(s.begin(), s.end(), [](char c) {
                return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
            }));
        };
        out.push_back(
            {field, {.line = line, .column = column + blanks, .length = std::max(1, wide(field))}});
        column += wide(part) + 1;
    }
    return out;
}

}  // namespace

std::optional<JobList> read_job_list(std::string_view list, const JobUnits& units, Text& why) {
    return ListReader(units, why).read(list);
}

bool is_job_header(const std::vector<JobField>& fields) {
    const auto is = [&](std::size_t i, std::string_view a, std::string_view b) {
        return i < fields.size() && (fields[i].text == a || fields[i].text == b);
    };
    return is(1, "arrival", "arrive") || is(2, "burst", "length");
}

bool read_job_row(const std::vector<JobField>& fields, Nanos unit, ProcessDecl& out,
                  Diagnostics& diags) {
    const int before = diags.errors();
    const auto wrong = [&](const JobField& f, const Text& wanted) {
        const std::string shown = utf8::printable(f.text, 24);
        diags.error(f.pos, {.en = "expected " + wanted.en + ", found '" + shown + "'",
                            .zh = "这里应当是" + wanted.zh + "，却是 “" + shown + "”"});
    };
    const auto time = [&](const JobField& f, bool may_be_0) -> Nanos {
        const auto t = time_of(f.text, unit);
        if (!t && unit == 0 && time_of(f.text, 1)) {
            diags.error(
                f.pos,
                text("a length of time needs a unit (ns, us, ms or s); did you mean '{0}ms'?",
                     "时间长度需要单位（ns、us、ms 或 s）；是不是想写 “{0}ms”？", {f.text}),
                std::string(f.text) + "ms");
        } else if (!t || (*t == 0 && !may_be_0)) {
            wrong(f, may_be_0 ? text("a time such as 5ms", "时刻，例如 5ms")
                              : text("a length of time above 0 such as 5ms",
                                     "大于 0 的时间长度，例如 5ms"));
        }
        return t.value_or(0);
    };
    if (fields.size() < 3) {
        diags.error(fields.front().pos,
                    text("a job has at least a name, an arrival and a burst: name,arrival,burst",
                         "作业至少要有名字、到达时刻和执行时间：name,arrival,burst"));
        return false;
    }
    if (!scn::is_name(fields[0].text))
        wrong(fields[0], text("a name (letters, digits, '_'; at most 15)",
                              "名字（字母、数字、“_”，最多 15 个）"));
    out.name = std::string(fields[0].text);
    out.pos = fields[0].pos;
    out.arrive.a = time(fields[1], true);
    add(out.body, Stmt::Kind::run, time(fields[2], false));
    if (fields.size() > 3 && !fields[3].text.empty()) {
        const auto priority = units_of(fields[3].text, 1);
        if (!priority || *priority > 999)
            wrong(fields[3],
                  text("a priority from 0 to 999 (or nothing)", "0 到 999 的优先级（或留空）"));
        else
            out.priority = static_cast<std::int32_t>(*priority);
    }
    for (std::size_t i = 4; i < fields.size(); ++i) {
        if (fields[i].text.empty() && i + 1 == fields.size()) break;  // a comma at the end
        add(out.body, i % 2 == 0 ? Stmt::Kind::sleep : Stmt::Kind::run, time(fields[i], false));
    }
    return diags.errors() == before;
}

bool read_job_table(std::string_view csv, Nanos unit, std::vector<ProcessDecl>& out,
                    Diagnostics& diags) {
    if (csv.starts_with("\xef\xbb\xbf")) csv.remove_prefix(3);  // as spreadsheets write it
    const int before = diags.errors();
    std::int32_t line = 0;
    for (std::string_view row : split(csv, '\n')) {
        ++line;
        if (trimmed(row).empty() || trimmed(row).starts_with('#')) continue;
        const std::vector<JobField> fields = fields_of(row, line);
        if (out.empty() && is_job_header(fields)) continue;
        if (out.size() == kMostJobs) {
            const std::string most = std::to_string(kMostJobs);
            diags.error(fields[0].pos, text("more than {0} jobs", "作业超过 {0} 个", {most}));
            return false;
        }
        ProcessDecl job;
        read_job_row(fields, unit, job, diags);
        const auto twin = std::find_if(out.begin(), out.end(),
                                       [&](const ProcessDecl& p) { return p.name == job.name; });
        if (twin != out.end()) {
            const std::string first = std::to_string(twin->pos.line);
            diags.error(fields[0].pos,
                        text("the name '{0}' is taken already (line {1})",
                             "名字 “{0}” 已经用过了（第 {1} 行）", {job.name, first}));
        }
        out.push_back(std::move(job));
    }
    if (out.empty() && diags.errors() == before)
        diags.error({}, text("the table has no job; a line reads name,arrival,burst",
                             "表中没有作业；每行写成 name,arrival,burst"));
    return diags.errors() == before;
}

}  // namespace sy
