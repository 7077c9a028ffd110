// Reading the index: a block is read from its head on by the same rule that built it.
#include <algorithm>
#include <bit>

#include "sim/trace/index.h"
#include "sim/trace/index_code.h"

namespace sy {

namespace index_code {

void put_moment(std::vector<std::uint8_t>& out, LaneKey key, const LaneMoment& s) {
    for (std::size_t k = 0; k < s.closed.size(); ++k)
        if (has_kind(key, k)) put(out, static_cast<std::uint64_t>(s.closed[k]));
    unsigned open = 0;
    for (std::size_t i = 0; i < s.rows.size(); ++i) open |= (s.rows[i].is_open ? 1U : 0U) << i;
    out.push_back(static_cast<std::uint8_t>(open));
    if (key.is_task) put(out, static_cast<std::uint16_t>(s.syscall + 1U));
    for (const OpenSlice& row : s.rows) {
        if (!row.is_open) continue;
        const std::size_t letter = kLetters.find(row.slice.letter);
        out.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(row.slice.kind) |
                                                (letter == std::string_view::npos ? 15U : static_cast<unsigned>(letter)) << 3));
        out.push_back(row.slice.cpu);
        put(out, static_cast<std::uint64_t>(s.clock - row.slice.begin));
        put(out, static_cast<std::uint16_t>(row.slice.reason + 1U));
        if (!key.is_task) put(out, row.slice.task + std::uint64_t{0});
    }
}

LaneMoment take_moment(const std::uint8_t*& at, LaneKey key, Nanos clock) {
    LaneMoment s;
    s.clock = clock;
    for (std::size_t k = 0; k < s.closed.size(); ++k)
        if (has_kind(key, k)) s.closed[k] = static_cast<Nanos>(take(at));
    const unsigned open = *at++;
    if (key.is_task) s.syscall = static_cast<std::uint16_t>(take(at) - 1);
    for (std::size_t i = 0; i < s.rows.size(); ++i) {
        if ((open >> i & 1) == 0) continue;
        const unsigned what = *at++;
        Slice& slice = s.rows[i].slice;
        s.rows[i].is_open = true;
        slice.kind = static_cast<Slice::Kind>(what & 7);
        slice.letter = (what >> 3) < kLetters.size() ? kLetters[what >> 3] : '?';
        slice.cpu = *at++;
        slice.begin = clock - static_cast<Nanos>(take(at));
        slice.reason = static_cast<std::uint16_t>(take(at) - 1);
        slice.task = key.is_task ? key.id : static_cast<TaskId>(take(at));
    }
    return s;
}

}  // namespace index_code

// The lane from the head of a block on.
class TraceIndex::Reader {
  public:
    Reader(const TraceIndex& index, LaneKey key, const LaneData& lane, std::size_t block)
        : index_(index), key_(key), lane_(lane) {
        enter(block);
    }

    const LaneMoment& state() const { return state_; }
    std::size_t block() const { return block_; }
    // When the next event is, by the lane's clock; kNever if there is none. Goes on to the next block where one ends.
    Nanos next_at() {
        if (left_ == 0 && block_ < lane_.heads.size()) enter(block_ + 1);
        if (left_ == 0) return kNever;
        if (!is_peeked_) {
            event_ = index_code::take_event(at_);
            record_ += event_.further;
            is_peeked_ = true;
        }
        return std::max(state_.clock, (*index_.log_)[record_].at);
    }
    void next(Lane* out) {
        if (next_at() == kNever) return;
        is_peeked_ = false;
        --left_;
        const Record& r = (*index_.log_)[record_];
        state_.apply(key_, r, event_.inside, index_.is_idle(r.a), out);
    }

  private:
    void enter(std::size_t block) {
        block_ = block;
        const bool full = block < lane_.heads.size();
        const Head& head = TraceIndex::head(lane_, block);
        at_ = full ? index_.stored(head.place) : lane_.tail.data();
        left_ = full ? kLaneBlock : lane_.in_tail;
        record_ = head.record;
        is_peeked_ = false;
        state_ = index_code::take_moment(at_, key_, head.at);
    }

    const TraceIndex& index_;
    const LaneKey key_;
    const LaneData& lane_;
    std::size_t block_ = 0, left_ = 0;
    const std::uint8_t* at_ = nullptr;
    std::uint32_t record_ = 0;
    index_code::LaneEvent event_;
    bool is_peeked_ = false;
    LaneMoment state_;
};

const TraceIndex::Head& TraceIndex::head(const LaneData& lane, std::size_t block) {
    return block < lane.heads.size() ? lane.heads[block] : lane.tail_head;
}

// The last block whose head is not after `at`, of several at one instant the first.
std::size_t TraceIndex::block_at(const LaneData& lane, Nanos at) {
    const auto after = std::partition_point(lane.heads.begin(), lane.heads.end(), [&](const Head& h) { return h.at < at; });
    const auto block = static_cast<std::size_t>(after - lane.heads.begin());
    if (block == lane.heads.size() && (block == 0 || lane.tail_head.at < at)) return block;
    return block == 0 ? 0 : block - 1;
}

Lane TraceIndex::slices(LaneKey key, Nanos from, Nanos until) const {
    Lane out;
    const LaneData* lane = find(key);
    if (lane == nullptr || from >= until) return out;
    Reader reader(*this, key, *lane, block_at(*lane, from));
    const auto lasts_into = [&] {   // something that began before `until` is still open
        for (const OpenSlice& row : reader.state().rows)
            if (row.is_open && row.slice.begin < until) return true;
        return false;
    };
    while (reader.next_at() != kNever && (reader.next_at() < until || lasts_into())) reader.next(&out);
    for (int i = 0; i < kLaneRows; ++i) {
        std::vector<Slice>& row = out.*row_of(static_cast<LaneRowKind>(i));
        const OpenSlice& open = reader.state().rows[static_cast<std::size_t>(i)];
        if (open.is_open) row.push_back(open.slice);
        std::erase_if(row, [&](const Slice& s) { return s.end <= from || s.begin >= until; });
    }
    return out;
}

std::optional<Slice> TraceIndex::at(LaneKey key, LaneRowKind row, Nanos at) const {
    const LaneData* lane = find(key);
    if (lane == nullptr) return {};
    Reader reader(*this, key, *lane, block_at(*lane, at + 1));
    while (reader.next_at() <= at && reader.next_at() != kNever) reader.next(nullptr);
    const OpenSlice open = reader.state().rows[static_cast<std::size_t>(row)];
    if (!open.is_open) return {};
    Slice s = open.slice;
    const auto still = [&] {
        const OpenSlice& now = reader.state().rows[static_cast<std::size_t>(row)];
        return now.is_open && now.slice.begin == s.begin;
    };
    while (still() && reader.next_at() != kNever) reader.next(nullptr);
    if (!still()) s.end = reader.state().clock;
    return s;
}

LaneTimes TraceIndex::times_before(LaneKey key, Nanos at, Nanos now) const {
    const LaneData* lane = find(key);
    if (lane == nullptr) return {};
    at = std::min(at, now);
    Reader reader(*this, key, *lane, block_at(*lane, at));
    while (reader.next_at() <= at && reader.next_at() != kNever) reader.next(nullptr);
    return reader.state().times(at);
}

// Where the group of blocks that begins with `block` ends: all that begin in the same cell; but not a last one that
// is wide enough to be read.
std::size_t TraceIndex::group_end(const LaneData& lane, std::size_t block, Nanos cell, Nanos wide) const {
    const Nanos border = (head(lane, block).at / cell + 1) * cell;
    const auto begin = lane.heads.begin() + static_cast<std::ptrdiff_t>(std::min(block, lane.heads.size()));
    // Galloping: groups are short beside the lane.
    std::ptrdiff_t step = 1;
    while (lane.heads.end() - begin > step && (begin + step)->at < border) step *= 2;
    const auto limit = begin + std::min<std::ptrdiff_t>(step, lane.heads.end() - begin);
    const auto after = std::partition_point(begin + std::min<std::ptrdiff_t>(step / 2, limit - begin), limit,
                                            [&](const Head& h) { return h.at < border; });
    auto end = static_cast<std::size_t>(after - lane.heads.begin());
    if (end > block + 1 && head(lane, end).at - head(lane, end - 1).at > wide) --end;
    return std::max(end, block + 1);
}

void TraceIndex::look(LaneKey key, Nanos from, Nanos until, Nanos now, Nanos least, std::vector<LanePart>& parts,
                      Lane& out) const {
    const LaneData* lane = find(key);
    until = std::min(until, now);
    if (lane == nullptr || from >= until) return;
    const auto cell = static_cast<Nanos>(std::bit_ceil(static_cast<std::uint64_t>(std::max<Nanos>(least, 1))));
    const Nanos wide = cell * 4;
    const auto end_of = [&](std::size_t block) { return block < lane->heads.size() ? head(*lane, block + 1).at : now; };
    std::optional<Reader> reader;   // while blocks are read one after another
    Nanos cut = 0;                  // where the part that is read begins
    std::array<std::size_t, kLaneRows> first{};   // the first slice of the part on each row
    const auto finish = [&] {
        if (!reader) return;
        const Nanos edge = std::min(parts.back().end, until);
        parts.back().end = edge;
        for (int i = 0; i < kLaneRows; ++i) {
            const OpenSlice& open = reader->state().rows[static_cast<std::size_t>(i)];
            std::vector<Slice>& row = out.*row_of(static_cast<LaneRowKind>(i));
            if (open.is_open && open.slice.begin < edge) {
                row.push_back(open.slice);
                row.back().end = edge;
            }
            const std::size_t at = first[static_cast<std::size_t>(i)];
            if (at < row.size()) row[at].begin = std::max(row[at].begin, cut);
        }
        reader.reset();
    };
    LaneTimes before{};
    std::size_t known = ~std::size_t{0};   // the block whose head `before` is of
    const auto times_at = [&](std::size_t block) { return Reader(*this, key, *lane, block).state().times(head(*lane, block).at); };
    for (std::size_t block = block_at(*lane, from); block <= lane->heads.size();) {
        const Nanos begin = head(*lane, block).at;
        if (begin >= until) break;
        const bool is_tail = block == lane->heads.size();
        const std::size_t next = is_tail ? block + 1 : group_end(*lane, block, cell, wide);
        const bool is_read = is_tail || (next == block + 1 && end_of(block) - begin > wide);
        if (is_read) {
            if (!reader) {
                reader.emplace(*this, key, *lane, block);
                parts.push_back({.begin = begin, .end = begin});
                cut = begin;
                for (int i = 0; i < kLaneRows; ++i)
                    first[static_cast<std::size_t>(i)] = (out.*row_of(static_cast<LaneRowKind>(i))).size();
            }
            while (reader->next_at() < until && reader->block() == block) reader->next(&out);
            parts.back().end = end_of(block);
        } else {
            finish();
            if (known != block) before = times_at(block);
            const LaneTimes after = times_at(next);
            LanePart& part = parts.emplace_back();
            part = {.begin = begin, .end = head(*lane, next).at, .is_folded = true};
            for (std::size_t k = 0; k < after.size(); ++k) part.ns[k] = after[k] - before[k];
            part.events = (next - block) * kLaneBlock;
            before = after;
            known = next;
        }
        block = next;
    }
    finish();
}

std::size_t TraceIndex::record_at(Nanos at) const {
    if (log_ == nullptr) return 0;
    const auto it = std::partition_point(log_->begin(), log_->begin() + seen_, [&](const Record& r) { return r.at < at; });
    return static_cast<std::size_t>(it - log_->begin());
}

}  // namespace sy
