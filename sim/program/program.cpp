#include "sim/program/program.h"
#include "sim/program/sync_code.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "sim/base/assert.h"
#include "sim/model/coroutines.h"
#include "sim/model/task.h"

namespace sy {

namespace {

using Kind = UserOp::Kind;

class Compiler : CodeSink {
  public:
    // `data_base`: where the variables begin, behind the text; `heap_base`: where the heap will.
    Compiler(const Scenario& scenario, const ProcessDecl& process, std::uint64_t data_base, std::uint64_t heap_base)
        : scenario_(scenario), process_(process), data_base_(data_base), heap_base_(heap_base) {}

    Program run() {
        program_.comm = process_.name;
        program_.data_base = data_base_;
        program_.data_end = next_word_;
        program_.model = process_.model;
        start_function("main");
        if (is_library()) declare_library();
        for (const ThreadDecl& t : process_.threads) declare_thread(t);
        declare_objects();
        declare_shared(process_.body);
        pipe_ends();
        if (is_library()) {
            start_library();
        } else {
            for (std::size_t i = 0; i < program_.threads.size(); ++i) create_thread(i);
            for (const CoroutineDecl& c : process_.coroutines) declare_coroutines(c);
            for (std::size_t i = 0; i < program_.coroutines.size(); ++i) create_coroutines(i);
            enter_frame(process_.body);
            program_.endless = block(process_.body, 0);
            close_ranges();
            if (!process_.coroutines.empty()) event_loop();
            join_threads("", process_.pos);
            call(nr::exit_group, {}, process_.pos);
        }
        std::size_t entry = is_library() ? first_declared_ : 0;
        for (const ThreadDecl& t : process_.threads) {
            thread_body(t, entry);
            entry += static_cast<std::size_t>(t.copies);
        }
        in_user_thread_ = false;   // a signal handler may come at any moment: it uses the kernel's calls
        for (std::size_t i = 0; i < process_.coroutines.size(); ++i) coroutine_body(i);
        handlers();
        program_.data_end = next_word_;
        program_.heap_base = std::max(data_base_ + (layout::user_heap - layout::user_data), paging::round_up(next_word_));
        std::sort(program_.variables.begin(), program_.variables.end(),
                  [](const Variable& a, const Variable& b) { return a.address < b.address; });
        return std::move(program_);
    }

    Program run_tasklet(const TaskletDecl& tasklet) {
        program_.comm = tasklet.name;
        start_function(tasklet.name);
        block(tasklet.body, 0);
        emit(Kind::kernel_return, tasklet.pos);
        return std::move(program_);
    }

  private:
    std::uint32_t here() const override { return static_cast<std::uint32_t>(program_.ops.size()); }
    UserOp& emit(Kind kind, SourcePos pos) override {
        UserOp& op = program_.ops.emplace_back();
        op.kind = kind;
        op.pos = pos;
        op.symbol = std::exchange(pending_symbol_, {});
        return op;
    }
    void start_function(std::string name) { pending_symbol_ = std::move(name); }
    void patch(std::uint32_t op) override { program_.ops[op].target = here(); }

    UserOp& call(std::uint16_t number, std::initializer_list<std::uint64_t> args, SourcePos pos) override {
        if (in_user_thread_ && number == nr::futex) return user_futex(args.begin(), pos);
        const std::uint32_t at = here();
        UserOp& op = emit(Kind::system_call, pos);
        op.nr = number;
        std::size_t i = 0;
        for (const std::uint64_t v : args) op.arg[i++] = v;
        emit(Kind::syscall, pos);
        return program_.ops[at];
    }

    void declare_thread(const ThreadDecl& t) {
        for (int i = 1; i <= t.copies; ++i) {
            ThreadEntry& e = entries().emplace_back();
            e.comm = t.name;
            e.label = t.copies > 1 ? t.name + "/" + std::to_string(i) : t.name;
            e.tid_word = new_word(e.label, Variable::Kind::tid, 1);
            e.cpus = t.cpus;
            e.has_nice = t.nice.has_value();
            e.nice = t.nice.value_or(0);
            e.has_sched = t.sched.has_value();
            if (t.sched) e.sched = *t.sched;
            e.priority = t.priority;
            e.tickets = t.tickets;
        }
    }
    void create_thread(std::size_t entry) {
        // glibc gives the TCB.tid address as parent_tid and child_tid, and the start routine in a register.
        call(nr::clone3, {program_.threads[entry].tid_word, entry, 0}, process_.pos);
        starts_.push_back(here());
        emit(Kind::thread_start, process_.pos).data = entry;
    }
    // One function for all copies of a declaration.
    void thread_body(const ThreadDecl& t, std::size_t entry) {
        for (int i = 0; i < t.copies; ++i, ++entry) {
            entries()[entry].op = here();
            if (!is_library()) program_.ops[starts_[entry]].target = here();
        }
        start_function(t.name);
        thread_name_ = t.name;
        enter_frame(t.body);
        block(t.body, 0);
        close_ranges();
        end_thread(t.pos);
    }
    void end_thread(SourcePos pos) {
        if (is_library())
            leave_thread(Carrier::Leave::end, 0, pos);
        else
            call(nr::exit, {0}, pos);
    }

    // --- thread libraries (docs/user-threads.md) ---

    bool is_library() const { return process_.model.is_library(); }
    bool has_carriers() const { return process_.model.carriers > 1; }
    std::vector<ThreadEntry>& entries() { return is_library() ? program_.user_threads : program_.threads; }

    // The process's own body is a thread like the others, on a stack of its own: the carriers' stacks are the scheduler's.
    void declare_library() {
        program_.idle_word = new_word("idle carriers", Variable::Kind::shared, 1);
        program_.variables.back().count = 1;
        if (process_.body.empty()) return;
        ThreadEntry& e = program_.user_threads.emplace_back();
        e.comm = e.label = "main";
        e.tid_word = new_word("main", Variable::Kind::tid, 1);
        first_declared_ = 1;
    }
    void start_library() {
        const SourcePos pos = process_.pos;
        if (process_.model.hooked) watch_files();
        start_function("ut_create");
        for (std::size_t i = 0; i < program_.user_threads.size(); ++i) {
            UserOp& op = emit(Kind::ut_create, pos);
            op.data = i;
            op.arg[0] = program_.user_threads[i].tid_word;
        }
        start_function("main");
        for (std::int32_t i = 1; i < process_.model.carriers; ++i) {
            ThreadEntry& e = program_.threads.emplace_back();
            e.comm = "carrier";
            e.label = "carrier/" + std::to_string(i);
            e.tid_word = new_word(e.label, Variable::Kind::tid, 1);
            create_thread(program_.threads.size() - 1);
        }
        scheduler(0);
        for (std::size_t i = 0; i < program_.threads.size(); ++i) {
            program_.threads[i].op = here();
            program_.ops[starts_[i]].target = here();
            scheduler(i + 1);
        }
        in_user_thread_ = true;
        if (process_.body.empty()) return;
        program_.user_threads[0].op = here();
        start_function("main");
        thread_name_ = "main";
        enter_frame(process_.body);
        program_.endless = block(process_.body, 0);
        close_ranges();
        leave_thread(Carrier::Leave::end, 0, pos);
    }
    // The hook makes every pipe and character device non-blocking and has the event loop watch it.
    void watch_files() {
        std::vector<std::uint64_t> fds;
        const auto add = [&](std::uint64_t fd) {
            if (std::find(fds.begin(), fds.end(), fd) == fds.end()) fds.push_back(fd);
        };
        const auto look = [&](const std::vector<Stmt>& body, const auto& again) -> void {
            for (const Stmt& s : body) {
                if ((s.kind == Stmt::Kind::read || s.kind == Stmt::Kind::write) && is_hookable(s.name))
                    add(s.kind == Stmt::Kind::read ? fd_of(s.name) : write_fd_of(s.name));
                again(s.body, again);
            }
        };
        look(process_.body, look);
        for (const ThreadDecl& t : process_.threads) look(t.body, look);
        for (const std::uint64_t fd : fds) {
            call(nr::fcntl, {fd, kFSetfl, kONonblock}, process_.pos);
            call(nr::epoll_ctl, {kEpollFd, kEpollEdge, fd}, process_.pos);
        }
        if (has_carriers()) call(nr::epoll_ctl, {kEpollFd, kEpollEdge, kEventFd}, process_.pos);
    }
    // Pipes and devices that bring events; what a disk does cannot be waited for with epoll.
    bool is_hookable(const std::string& name) const {
        if (pipe_named(name) >= 0) return true;
        return std::any_of(scenario_.devices.begin(), scenario_.devices.end(),
                           [&](const DeviceDecl& d) { return d.name == name && !d.block; });
    }
    bool is_hooked() const { return in_user_thread_ && process_.model.hooked; }

    UserOp& leave_thread(Carrier::Leave how, std::uint64_t data, SourcePos pos) {
        start_function("ut_yield");
        const std::uint32_t at = here();
        UserOp& op = emit(Kind::ut_leave, pos);
        op.arg[0] = static_cast<std::uint64_t>(how);
        op.data = data;
        swap_to_pending(pos);
        start_function(thread_name_);
        return program_.ops[at];
    }
    // What futex(2) would do for kernel threads the library does for its own.
    UserOp& user_futex(const std::uint64_t* args, SourcePos pos) {
        if (args[1] == kFutexWait) {
            UserOp& op = leave_thread(Carrier::Leave::park, args[0], pos);
            op.arg[2] = args[2];
            return op;
        }
        const std::uint32_t at = here();
        UserOp& op = emit(args[1] == kFutexCmpRequeue ? Kind::ut_requeue : Kind::ut_wake, pos);
        op.data = args[0];
        op.arg[0] = args[1] == kFutexCmpRequeue ? args[4] : args[2];
        kick(pos);
        return program_.ops[at];
    }
    // A carrier that sleeps is told that there is work.
    void kick(SourcePos pos) {
        if (!has_carriers()) return;
        const std::uint32_t needless = here();
        emit(Kind::ut_kick, pos);
        wake_carriers(1, pos);
        patch(needless);
    }
    void wake_carriers(std::uint64_t most, SourcePos pos) {
        const bool was = std::exchange(in_user_thread_, false);
        if (process_.model.hooked)
            call(nr::write, {kEventFd, buffer(), 8}, pos);
        else
            call(nr::futex, {program_.idle_word, kFutexWake, most}, pos);
        in_user_thread_ = was;
    }
    // What a carrier does on its own stack: it runs whoever is ready, here or with another carrier, and sleeps otherwise.
    void scheduler(std::size_t carrier) {
        const SourcePos pos = process_.pos;
        start_function("ut_schedule");
        emit(Kind::ut_carrier, pos).data = carrier;
        const std::uint32_t top = here();
        emit(Kind::ut_settle, pos);
        const std::uint32_t look = here();
        emit(Kind::ut_pick, pos);
        const std::uint32_t left = here();
        emit(Kind::co_if_left, pos);
        const std::uint32_t over = here();
        emit(Kind::jump, pos);
        patch(left);
        emit(Kind::ut_idle, pos).target = look;
        if (process_.model.hooked)
            call(nr::epoll_pwait2, {kEpollFd, buffer(), kMostEvents}, pos).level = kRdxKept;
        else
            call(nr::futex, {program_.idle_word, kFutexWait, 0}, pos).level = kRdxKept;
        emit(Kind::ut_awake, pos);
        if (process_.model.hooked) {
            const std::uint32_t collect = here();
            emit(Kind::ut_collect, pos).target = collect;
        }
        emit(Kind::jump, pos).target = look;
        patch(look);
        kick(pos);
        swap_to_pending(pos);
        emit(Kind::jump, pos).target = top;
        patch(over);
        if (has_carriers()) {
            emit(Kind::ut_kick_all, pos);
            wake_carriers(kEverybody, pos);
        }
        if (carrier != 0) {
            call(nr::exit, {0}, pos);
            return;
        }
        join_kernel_threads(pos);
        call(nr::exit_group, {}, pos);
    }
    void hooked_call(std::uint16_t number, std::uint64_t fd, std::uint64_t bytes, SourcePos pos) {
        const std::uint32_t again = here();
        call(number, {fd, buffer(), bytes}, pos);
        const std::uint32_t fine = here();
        emit(Kind::ut_if_again, pos);
        leave_thread(number == nr::read ? Carrier::Leave::readable : Carrier::Leave::writable, fd, pos);
        emit(Kind::jump, pos).target = again;
        patch(fine);
    }
    // At most PIPE_BUF bytes at a time: those are written at once or not at all.
    void hooked_write(const Stmt& s) {
        constexpr std::uint64_t kPipeBuf = 4'096;
        std::uint64_t left = bytes(s);
        for (; left > kPipeBuf && pipe_named(s.name) >= 0; left -= kPipeBuf) hooked_call(nr::write, write_fd_of(s.name), kPipeBuf, s.pos);
        hooked_call(nr::write, write_fd_of(s.name), left, s.pos);
    }

    std::uint64_t new_word(const std::string& name, Variable::Kind kind, int words) {
        // All words of an object lie in one page: one access brings them all in.
        const std::uint64_t room = paging::page_bytes - next_word_ % paging::page_bytes;
        if (8 * static_cast<std::uint64_t>(words) > room) next_word_ += room;
        const std::uint64_t address = next_word_;
        next_word_ += 8 * static_cast<std::uint64_t>(words);
        program_.variables.push_back({name, address, kind});
        return address;
    }
    std::uint64_t variable(const std::string& name, Variable::Kind kind) {
        for (const Variable& v : program_.variables)
            if (v.name == name && v.kind == kind) return v.address;
        return new_word(name, kind, kind == Variable::Kind::rwlock ? 3 : kind == Variable::Kind::tid ? 1 : 2);
    }
    static Variable::Kind kind_of(const SyncDecl& decl) {
        switch (decl.kind) {
            case SyncDecl::Kind::mutex: return decl.pi ? Variable::Kind::pi_mutex : Variable::Kind::mutex;
            case SyncDecl::Kind::cond: return Variable::Kind::cond;
            case SyncDecl::Kind::barrier: return Variable::Kind::barrier;
            case SyncDecl::Kind::rwlock: return Variable::Kind::rwlock;
            case SyncDecl::Kind::semaphore: return Variable::Kind::semaphore;
        }
        return Variable::Kind::mutex;
    }
    // Memory that begins as 0 needs nothing; a semaphore's first value is stored (sem_init).
    void declare_objects() {
        for (const SyncDecl& decl : process_.syncs) {
            const std::uint64_t word = variable(decl.name, kind_of(decl));
            for (Variable& v : program_.variables)
                if (v.address == word) v.count = decl.count;
            if (decl.kind != SyncDecl::Kind::semaphore || decl.count == 0) continue;
            UserOp& op = emit(Kind::store, decl.pos);
            op.data = word;
            op.arg[0] = static_cast<std::uint64_t>(decl.count);
        }
        if (!process_.body.empty()) find_names(process_.body);
        for (const ThreadDecl& t : process_.threads) find_names(t.body);
    }
    // Condition variables and read-write locks that nobody declared show themselves by how they are used.
    void find_names(const std::vector<Stmt>& body) {
        for (const Stmt& s : body) {
            if (s.kind == Stmt::Kind::cond_wait && !is_a(s.name, Variable::Kind::cond))
                new_word(s.name, Variable::Kind::cond, 2);
            const bool rw = s.kind == Stmt::Kind::rdlock || s.kind == Stmt::Kind::wrlock;
            if (rw && !is_a(s.name, Variable::Kind::rwlock)) new_word(s.name, Variable::Kind::rwlock, 3);
            if (s.kind == Stmt::Kind::cond_wait) cond_mutex_.emplace_back(s.name, s.other);
            find_names(s.body);
        }
    }
    bool is_a(const std::string& name, Variable::Kind kind) const {
        return std::any_of(program_.variables.begin(), program_.variables.end(),
                           [&](const Variable& v) { return v.name == name && v.kind == kind; });
    }
    bool is_pi(const std::string& name) const { return is_a(name, Variable::Kind::pi_mutex); }
    bool requeues(const std::string& cond) const {
        return std::any_of(process_.syncs.begin(), process_.syncs.end(), [&](const SyncDecl& d) {
            return d.kind == SyncDecl::Kind::cond && d.name == cond && d.requeue;
        }) && !is_pi(mutex_of(cond));
    }
    std::string mutex_of(const std::string& cond) const {
        for (const auto& [c, m] : cond_mutex_)
            if (c == cond) return m;
        return {};
    }
    std::uint64_t mutex_word(const std::string& name) {
        return variable(name, is_pi(name) ? Variable::Kind::pi_mutex : Variable::Kind::mutex);
    }
    // --- instructions ---

    // `shared`: words of the data segment; a first value other than 0 is stored before the first thread is created.
    void declare_shared(const std::vector<Stmt>& body) {
        for (const Stmt& s : body) {
            declare_shared(s.body);
            if (s.kind != Stmt::Kind::shared) continue;
            std::uint64_t words = s.cpus;
            // A cache line of its own, as an aligned variable would have: no page boundary inside.
            if (words > 1) next_word_ = (next_word_ + 63) / 64 * 64;
            const std::uint64_t address = next_word_;
            next_word_ += 8 * words;
            program_.variables.push_back({s.name, address, Variable::Kind::shared, static_cast<std::int64_t>(words), s.shared});
            names_.list.emplace_back(s.name, AsmName{AsmName::Kind::absolute, static_cast<std::int64_t>(address)});
            for (std::uint64_t i = 0; s.count != 0 && i < words; ++i) {
                UserOp& op = emit(Kind::store, s.pos);
                op.data = address + 8 * i;
                op.arg[0] = static_cast<std::uint64_t>(s.count);
            }
        }
    }
    // `local`: words of the frame, above the loop counters that lie on the stack. In an asm block RBP points at the frame.
    void find_locals(const std::vector<Stmt>& body, std::uint64_t& offset) {
        for (const Stmt& s : body) {
            if (s.kind == Stmt::Kind::local) {
                frame_.list.emplace_back(s.name, AsmName{AsmName::Kind::frame, static_cast<std::int64_t>(offset)});
                program_.locals.push_back({s.name, offset, s.cpus, here(), 0});
                offset += 8 * s.cpus;
            }
            if (s.kind != Stmt::Kind::handle) find_locals(s.body, offset);
        }
    }
    void enter_frame(const std::vector<Stmt>& body) {
        for (LocalVariable& v : program_.locals)
            if (v.end == 0) v.end = here();   // the body before this one ends here
        frame_.list.clear();
        const std::uint64_t counters = depth_of(body) > 4 ? 8u * (depth_of(body) - 4u) : 0;
        std::uint64_t size = counters;
        find_locals(body, size);
        if (size == counters) return;
        emit(Kind::frame_enter, body.front().pos).data = (size + 15) / 16 * 16;
    }
    void local_value(const Stmt& s) {
        const AsmName slot = frame_.find(s.name);
        for (std::uint64_t i = 0; i < s.cpus; ++i)   // store_stack counts down from RSP
            local(0 - (static_cast<std::uint64_t>(slot.value) + 8 * i), static_cast<std::uint64_t>(s.count), s.pos);
    }
    void asm_block(const Stmt& s) {
        AsmNames names = frame_;
        names.list.insert(names.list.end(), names_.list.begin(), names_.list.end());
        Assembled block = assemble(s.code, names, program_.address(here()));
        if (!block.errors.empty() || block.code.empty()) return;
        const std::uint64_t rest = block.size % 16;
        if (rest != 0) block.code.push_back(padding(static_cast<int>(16 - rest), block.code.back().end()));
        const std::uint64_t origin = block.code.front().address;
        for (const auto& [label, at] : block.labels)
            program_.labels.emplace_back(label, at < block.code.size() ? block.code[at].address : origin + block.size);
        std::size_t first = 0;
        for (std::uint64_t offset = 0; offset < block.size + 15; offset += 16) {
            if (offset >= (block.size + 15) / 16 * 16) break;
            while (first < block.code.size() && block.code[first].address < origin + offset) ++first;
            UserOp& op = emit(Kind::asm_code, first < block.code.size() ? block.code[first].pos : s.pos);
            op.data = program_.code.size() + first;
        }
        program_.code.insert(program_.code.end(), block.code.begin(), block.code.end());
    }

    // Which ends of which pipes the process holds: those that it uses anywhere.
    void pipe_ends() {
        find_ends(process_.body);
        for (const ThreadDecl& t : process_.threads) find_ends(t.body);
        for (auto* ends : {&program_.reads, &program_.writes}) {
            std::sort(ends->begin(), ends->end());
            ends->erase(std::unique(ends->begin(), ends->end()), ends->end());
        }
    }
    void find_ends(const std::vector<Stmt>& body) {
        for (const Stmt& s : body) {
            const std::int64_t pipe = pipe_named(s.name);
            if (pipe >= 0 && (s.kind == Stmt::Kind::read || s.kind == Stmt::Kind::poll))
                program_.reads.push_back(static_cast<std::uint32_t>(pipe));
            if (pipe >= 0 && s.kind == Stmt::Kind::write) program_.writes.push_back(static_cast<std::uint32_t>(pipe));
            find_ends(s.body);
        }
    }
    std::int64_t pipe_named(const std::string& name) const {
        for (std::size_t i = 0; i < scenario_.pipes.size(); ++i)
            if (scenario_.pipes[i].name == name) return static_cast<std::int64_t>(i);
        return -1;
    }
    std::uint64_t write_fd_of(const std::string& name) const {
        const std::int64_t pipe = pipe_named(name);
        return pipe < 0 ? fd_of(name) : static_cast<std::uint64_t>(write_end_fd(scenario_, static_cast<std::size_t>(pipe)));
    }
    std::uint64_t fd_of(const std::string& name) const {
        std::uint64_t fd = kFirstFd;
        for (const PipeDecl& p : scenario_.pipes) {
            if (p.name == name) return fd;
            ++fd;
        }
        for (const DeviceDecl& d : scenario_.devices) {
            if (d.name == name) return fd;
            ++fd;
        }
        return ~std::uint64_t{0};
    }

    // --- coroutines ---

    void declare_coroutines(const CoroutineDecl& c) {
        CoroutineEntry& e = program_.coroutines.emplace_back();
        e.name = c.name;
        e.copies = static_cast<std::uint64_t>(c.copies);
        e.stack_bytes = static_cast<std::uint64_t>(c.stack);
        e.frame_bytes = static_cast<std::uint64_t>(c.frame);
        e.first_stack = shared_stacks_;
        e.stacks = static_cast<std::uint32_t>(c.shared);
        e.slots_cleared = c.slots_cleared;
        e.suspended = c.suspended;
        shared_stacks_ += e.stacks;
    }
    // co_swap(running, pending), as it stands wherever somebody is switched away from.
    void swap_to_pending(SourcePos pos) {
        emit(Kind::co_save, pos);
        emit(Kind::co_swap, pos);
        emit(Kind::co_restore, pos);   // here the one who called co_swap goes on, some time later
    }
    // Each is created and resumed at once; it runs until it first has to wait.
    void create_coroutines(std::size_t index) {
        const SourcePos pos = process_.coroutines[index].pos;
        UserOp& start = emit(Kind::loop_start, pos);
        start.data = program_.coroutines[index].copies;
        const std::uint32_t top = here();
        start_function("co_create");
        emit(Kind::co_create, pos).data = index;
        if (!program_.coroutines[index].suspended) {
            start_function("co_resume");
            swap_to_pending(pos);
        }
        start_function("main");
        emit(Kind::loop_next, pos).target = top;
    }
    // A coroutine gives up the thread: to its event loop.
    void leave(Kind how, SourcePos pos, std::uint64_t data = 0) {
        start_function("co_yield");
        emit(how, pos).data = data;
        swap_to_pending(pos);
        start_function(coroutine_name_);
    }
    // co_yield of one that was resumed by name: it waits for the next co_resume, not in the ready list.
    void yield_coroutine(SourcePos pos) {
        leave(Kind::co_ready, pos);
        program_.ops[here() - 4].arg[0] = coroutine_suspends_ ? 1 : 0;
    }
    // `NAME` or `NAME/2`: its number in the order of creation.
    std::uint64_t coroutine_number(const std::string& name) const {
        const std::size_t slash = name.find('/');
        std::uint64_t before = 0;
        for (const CoroutineDecl& c : process_.coroutines) {
            if (name.substr(0, slash) == c.name)
                return before + (slash == std::string::npos ? 0 : std::stoull(name.substr(slash + 1)) - 1);
            before += static_cast<std::uint64_t>(c.copies);
        }
        return ~std::uint64_t{0};
    }
    void resume_coroutine(const Stmt& s) {
        start_function("co_resume");
        const std::uint32_t refused = here();
        emit(Kind::co_resume, s.pos).data = coroutine_number(s.name);
        swap_to_pending(s.pos);
        patch(refused);
        start_function(in_coroutine_ ? coroutine_name_ : "main");
    }
    void coroutine_body(std::size_t index) {
        const CoroutineDecl& c = process_.coroutines[index];
        coroutine_suspends_ = c.suspended;
        coroutine_name_ = c.name;
        program_.coroutines[index].op = here();
        start_function(c.name);
        emit(Kind::co_enter, c.pos).data = index;
        in_coroutine_ = true;
        block(c.body, 0);
        const std::uint32_t end = here();
        for (const std::uint32_t op : to_the_end_) program_.ops[op].target = end;
        to_the_end_.clear();
        leave(Kind::co_end, c.pos);
        in_coroutine_ = false;
    }
    // co_eventloop: whoever is ready runs; when nobody is, the thread asks the kernel which connections are.
    void event_loop() {
        const SourcePos pos = process_.coroutines.front().pos;
        start_function("co_eventloop");
        const std::uint32_t top = here();
        const std::uint32_t pick = here();
        emit(Kind::co_pick, pos);
        const std::uint32_t left = here();
        emit(Kind::co_if_left, pos);
        const std::uint32_t done = here();
        emit(Kind::jump, pos);
        patch(left);
        call(nr::epoll_wait, {kEpollFd, buffer(), kMostEvents}, pos);
        if (has_timers()) emit(Kind::co_timers, pos);
        const std::uint32_t collect = here();
        emit(Kind::co_collect, pos).target = collect;
        emit(Kind::jump, pos).target = top;
        patch(pick);
        swap_to_pending(pos);
        emit(Kind::jump, pos).target = top;
        patch(done);
        start_function("main");
    }
    bool has_timers() const {
        const auto polls = [](const std::vector<Stmt>& body, const auto& again) -> bool {
            return std::any_of(body.begin(), body.end(), [&](const Stmt& s) {
                return s.kind == Stmt::Kind::co_poll || again(s.body, again);
            });
        };
        return std::any_of(process_.coroutines.begin(), process_.coroutines.end(),
                           [&](const CoroutineDecl& c) { return polls(c.body, polls); });
    }
    int clients(const std::string& name) const {
        for (std::size_t i = 0; i < scenario_.clients.size(); ++i)
            if (scenario_.clients[i].name == name) return static_cast<int>(i);
        return -1;
    }
    // The descriptor of the connection becomes a local variable of the coroutine: a word on its stack.
    void accept(const Stmt& s) {
        call(nr::accept4, {static_cast<std::uint64_t>(kFirstListenFd + clients(s.name)), 0, 0}, s.pos);
        to_the_end_.push_back(here());
        emit(Kind::co_if_none, s.pos);
        emit(Kind::co_keep, s.pos);
    }
    // read() as the library's hook has it: register with epoll, yield, and read when there is something to read.
    void hooked_read(const Stmt& s) {
        call(nr::epoll_ctl, {kEpollFd, kEpollCtlAdd, 0}, s.pos).level = 3;
        leave(Kind::co_wait_io, s.pos);
        call(nr::epoll_ctl, {kEpollFd, kEpollCtlDel, 0}, s.pos).level = 3;
        call(nr::read, {0, buffer(), bytes(s)}, s.pos).level = 2;
    }
    std::uint64_t condition(const std::string& name) {
        for (std::size_t i = 0; i < program_.conditions.size(); ++i)
            if (program_.conditions[i] == name) return i;
        program_.conditions.push_back(name);
        return program_.conditions.size() - 1;
    }

    // Returns whether control never leaves the block at its end.
    bool block(const std::vector<Stmt>& body, std::uint8_t level) {
        for (const Stmt& s : body)
            if (statement(s, level)) return true;
        return false;
    }

    bool statement(const Stmt& s, std::uint8_t level) {
        switch (s.kind) {
            case Stmt::Kind::run:
                emit(Kind::load_burst, s.pos).time = s.time;
                emit(Kind::burst, s.pos);
                return false;
            case Stmt::Kind::sleep: sleep(s); return false;
            case Stmt::Kind::yield:
                if (in_coroutine_)
                    yield_coroutine(s.pos);
                else if (in_user_thread_)
                    leave_thread(Carrier::Leave::yield, 0, s.pos);
                else
                    call(nr::sched_yield, {}, s.pos);
                return false;
            case Stmt::Kind::accept: accept(s); return false;
            case Stmt::Kind::resume: resume_coroutine(s); return false;
            case Stmt::Kind::release: emit(Kind::co_release, s.pos).data = coroutine_number(s.name); return false;
            case Stmt::Kind::co_poll:
                leave(Kind::co_wait_time, s.pos);
                program_.ops[here() - 4].time = s.time;
                return false;
            case Stmt::Kind::read:
                if (clients(s.name) >= 0) {
                    hooked_read(s);
                    return false;
                }
                if (is_hooked() && is_hookable(s.name)) {
                    hooked_call(nr::read, fd_of(s.name), bytes(s), s.pos);
                    leave_loop_at_end(s);
                    return false;
                }
                read(s);
                return false;
            case Stmt::Kind::write:
                if (clients(s.name) >= 0) {
                    call(nr::write, {0, buffer(), bytes(s)}, s.pos).level = 2;
                    return false;
                }
                if (is_hooked() && is_hookable(s.name)) {
                    hooked_write(s);
                    return false;
                }
                call(nr::write, {write_fd_of(s.name), buffer(), bytes(s)}, s.pos);
                return false;
            case Stmt::Kind::poll: call(nr::poll, {fd_of(s.name), 1, ~std::uint64_t{0}}, s.pos); return false;
            case Stmt::Kind::close: close_ends(s); return false;
            case Stmt::Kind::fsync: call(nr::fsync, {fd_of(s.name)}, s.pos); return false;
            case Stmt::Kind::lock: lock(s); return false;
            case Stmt::Kind::unlock: unlock(s); return false;
            case Stmt::Kind::wait:
                if (in_coroutine_) {
                    leave(Kind::co_wait, s.pos, condition(s.name));
                    return false;
                }
                if (s.name.empty())
                    call(nr::wait4, {~std::uint64_t{0}, 0, 0}, s.pos);
                else
                    SyncCode{*this}.semaphore_wait(variable(s.name, Variable::Kind::semaphore), s.pos);
                return false;
            case Stmt::Kind::signal:
                if (in_coroutine_)
                    emit(Kind::co_signal, s.pos).data = condition(s.name);
                else
                    signal(s);
                return false;
            case Stmt::Kind::trylock: return trylock(s, level);
            case Stmt::Kind::cond_wait: cond_wait(s); return false;
            case Stmt::Kind::broadcast: broadcast(s); return false;
            case Stmt::Kind::barrier_wait: barrier_wait(s); return false;
            case Stmt::Kind::rdlock:
            case Stmt::Kind::wrlock: rw_lock(s); return false;
            case Stmt::Kind::join: join_threads(s.name, s.pos); return false;
            case Stmt::Kind::fork: fork(s, level); return false;
            case Stmt::Kind::exit:
                if (in_user_thread_ && s.name == "thread") {
                    leave_thread(Carrier::Leave::end, 0, s.pos);
                    return true;
                }
                call(s.name == "thread" ? nr::exit : nr::exit_group,
                     {static_cast<std::uint64_t>(s.count)}, s.pos);
                return true;
            case Stmt::Kind::getpid: call(nr::getpid, {}, s.pos); return false;
            case Stmt::Kind::setnice:
                call(nr::setpriority, {0, 0, static_cast<std::uint64_t>(s.count)}, s.pos);
                return false;
            case Stmt::Kind::affinity: call(nr::sched_setaffinity, {0, 8, s.cpus}, s.pos); return false;
            case Stmt::Kind::sched: set_scheduler(s); return false;
            case Stmt::Kind::queue:
                driver(DriverCall::queue, work_index(scenario_, s.name), s, static_cast<int>(s.count), s.time.a);
                return false;
            case Stmt::Kind::flush: {
                const int work = work_index(scenario_, s.name);
                if (work >= 0)
                    driver(DriverCall::flush_work, work, s);
                else
                    driver(DriverCall::flush_queue, workqueue_index(scenario_, s.name), s);
                return false;
            }
            case Stmt::Kind::cancel: driver(DriverCall::cancel, work_index(scenario_, s.name), s); return false;
            case Stmt::Kind::start: driver(DriverCall::start, process_index(s.name), s); return false;
            case Stmt::Kind::stop: driver(DriverCall::stop, process_index(s.name), s); return false;
            case Stmt::Kind::park: driver(DriverCall::park, process_index(s.name), s); return false;
            case Stmt::Kind::unpark: driver(DriverCall::unpark, process_index(s.name), s); return false;
            case Stmt::Kind::use_mm: driver(DriverCall::use_mm, process_index(s.name), s); return false;
            case Stmt::Kind::unuse_mm: driver(DriverCall::unuse_mm, 0, s); return false;
            case Stmt::Kind::until_stopped: until_stopped(s, level); return false;
            case Stmt::Kind::handle: handle(s); return false;
            case Stmt::Kind::ignore_signal: set_action(s, kSigIgn, 0); return false;
            case Stmt::Kind::default_signal: set_action(s, kSigDfl, 0); return false;
            case Stmt::Kind::mask: set_mask(s, kSigBlock); return false;
            case Stmt::Kind::unmask: set_mask(s, kSigUnblock); return false;
            case Stmt::Kind::sigsuspend:
                local(kSetAt, s.cpus, s.pos);
                long_call(nr::rt_sigsuspend, {kSetAt, 8}, s.pos).stack_args = 1;
                return false;
            case Stmt::Kind::pause: call(nr::pause, {}, s.pos); return false;
            case Stmt::Kind::kill:
            case Stmt::Kind::tgkill:
            case Stmt::Kind::killpg: kill(s); return false;
            case Stmt::Kind::clone:
            case Stmt::Kind::vfork: clone(s, level); return false;
            case Stmt::Kind::exec: exec(s); return false;
            case Stmt::Kind::waitpid:
            case Stmt::Kind::waitid: wait(s); return false;
            case Stmt::Kind::setsid: call(nr::setsid, {}, s.pos); return false;
            case Stmt::Kind::setpgid:
            case Stmt::Kind::tcsetpgrp: set_group(s); return false;
            case Stmt::Kind::subreaper: call(nr::prctl, {kPrSetChildSubreaper, 1, 0}, s.pos); return false;
            case Stmt::Kind::umask: call(nr::umask, {static_cast<std::uint64_t>(s.count)}, s.pos); return false;
            case Stmt::Kind::mmap: map(s); return false;
            case Stmt::Kind::munmap: on_mapping(nr::munmap, s, 0); return false;
            case Stmt::Kind::mprotect: on_mapping(nr::mprotect, s, s.prot); return false;
            case Stmt::Kind::brk: {
                call(nr::brk, {0}, s.pos);
                UserOp& op = call(nr::brk, {static_cast<std::uint64_t>(s.count)}, s.pos);
                op.level = 1;   // added to where the heap ends now
                return false;
            }
            case Stmt::Kind::load: aim(emit(Kind::load_word, s.pos), s, static_cast<std::uint64_t>(s.count)); return false;
            case Stmt::Kind::store: aim(emit(Kind::store_word, s.pos), s, static_cast<std::uint64_t>(s.count)); return false;
            case Stmt::Kind::touch: {
                UserOp& start = emit(Kind::touch_start, s.pos);
                aim(start, s, 0);
                start.arg[1] = pages_of(s);
                emit(Kind::touch_next, s.pos);
                return false;
            }
            case Stmt::Kind::recurse: {
                emit(Kind::recurse_start, s.pos).arg[1] = pages_of(s);
                emit(Kind::recurse_down, s.pos);
                emit(Kind::recurse_up, s.pos).arg[1] = pages_of(s);
                return false;
            }
            case Stmt::Kind::repeat: return repeat(s, level);
            case Stmt::Kind::every: return every(s, level);
            case Stmt::Kind::ioctl: ioctl(s); return false;
            case Stmt::Kind::kernel_call: kernel_call(s); return false;
            case Stmt::Kind::asm_block: asm_block(s); return false;
            case Stmt::Kind::local: local_value(s); return false;
            case Stmt::Kind::shared: return false;   // declare_shared
        }
        return false;
    }

    // What the kernel is asked for by number: the parser lets no unknown name pass.
    void driver(DriverCall what, int object, const Stmt& s, int cpu = -1, Nanos delay = 0) {
        SY_ASSERT(object >= 0, "the parser lets no unknown name pass");
        call(nr::ioctl,
             {kDriverFd, static_cast<std::uint64_t>(what),
              driver_arg(static_cast<std::uint64_t>(object), cpu, delay)},
             s.pos);
    }
    int process_index(const std::string& name) const {
        for (std::size_t i = 0; i < scenario_.processes.size(); ++i)
            if (scenario_.processes[i].name == name) return static_cast<int>(i);
        return -1;
    }
    void until_stopped(const Stmt& s, std::uint8_t level) {
        const std::uint32_t top = here();
        emit(Kind::stop_check, s.pos);
        block(s.body, level);
        emit(Kind::jump, s.pos).target = top;
        patch(top);
    }
    static std::uint64_t pages_of(const Stmt& s) {
        return std::max<std::uint64_t>(1, paging::round_up(static_cast<std::uint64_t>(s.count)) / paging::page_bytes);
    }
    // mmap leaves its address in a variable of the program; the name is what people call the area.
    void map(const Stmt& s) {
        constexpr std::uint64_t kShared = 1, kPrivate = 2, kAnonymous = 0x20;
        const std::uint64_t word = variable(s.name, Variable::Kind::pointer);
        auto& names = program_.mappings;
        auto at = std::find(names.begin(), names.end(), s.name);
        if (at == names.end()) at = names.insert(names.end(), s.name);
        sizes_.insert_or_assign(s.name, static_cast<std::uint64_t>(s.count));
        const std::uint64_t flags = (s.shared ? kShared : kPrivate) | (s.file.empty() ? kAnonymous : 0);
        const std::uint64_t fd = s.file.empty() ? ~std::uint64_t{0} : fd_of(s.file);
        call(nr::mmap, {0, static_cast<std::uint64_t>(s.count), s.prot, flags, fd, 0}, s.pos);
        UserOp& keep = emit(Kind::keep_result, s.pos);
        keep.data = word;
        keep.arg[0] = static_cast<std::uint64_t>(at - names.begin()) + 1;
    }
    void on_mapping(std::uint16_t number, const Stmt& s, std::uint64_t prot) {
        const auto size = sizes_.find(s.name);
        UserOp& op = call(number, {0, size == sizes_.end() ? 0 : size->second, prot}, s.pos);
        op.base = UserOp::Base::pointer;
        op.data = variable(s.name, Variable::Kind::pointer);
    }
    // The page of an area that an operation means.
    void aim(UserOp& op, const Stmt& s, std::uint64_t page) {
        const std::uint64_t offset = page * paging::page_bytes;
        op.arg[0] = offset;
        if (s.name == "stack") {
            op.base = UserOp::Base::stack;
        } else if (s.name == "heap") {
            op.arg[0] += heap_base_;
        } else if (s.name == "data") {
            op.arg[0] += data_base_;
        } else if (s.name == "text") {
            op.arg[0] += layout::user_text;
        } else if (s.name == "kernel") {
            op.arg[0] += layout::kernel_text;
        } else if (s.name != "null") {
            op.base = UserOp::Base::pointer;
            op.data = variable(s.name, Variable::Kind::pointer);
        }
    }

    static std::uint64_t bytes(const Stmt& s) {
        return s.count > 0 ? static_cast<std::uint64_t>(s.count) : 1;
    }
    std::uint64_t buffer() const { return heap_base_; }

    // The kernel code stands beside the program; the third argument says where.
    void ioctl(const Stmt& s) {
        const std::uint32_t over = here();
        emit(Kind::jump, s.pos);
        const std::uint64_t body = here();
        block(s.body, 0);
        emit(Kind::kernel_return, s.pos);
        patch(over);
        call(nr::ioctl, {kDriverFd, static_cast<std::uint64_t>(DriverCall::code), body}, s.pos);
    }
    template <typename Decls>
    static std::uint64_t index_of(const Decls& decls, const std::string& name) {
        const auto at = std::find_if(decls.begin(), decls.end(), [&](const auto& d) { return d.name == name; });
        return static_cast<std::uint64_t>(at - decls.begin());
    }
    void kernel_call(const Stmt& s) {
        UserOp& op = emit(Kind::kernel_call, s.pos);
        op.arg[0] = static_cast<std::uint64_t>(s.call);
        op.time = s.time;
        switch (s.call) {
            case KernelCall::raise_softirq: op.data = static_cast<std::uint64_t>(s.count); break;
            case KernelCall::tasklet_schedule:
            case KernelCall::tasklet_disable:
            case KernelCall::tasklet_enable: op.data = index_of(scenario_.tasklets, s.name); break;
            case KernelCall::disable_irq:
            case KernelCall::enable_irq: op.data = index_of(scenario_.devices, s.name); break;
            default: break;
        }
    }

    void sleep(const Stmt& s) {
        if (is_hooked()) {
            leave_thread(Carrier::Leave::sleep, 0, s.pos).time = s.time;
            return;
        }
        UserOp& op = call(nr::clock_nanosleep, {1, 0, 0}, s.pos);
        op.time = s.time;
        op.draws = true;
    }

    void lock(const Stmt& s) { SyncCode{*this}.lock(mutex_word(s.name), is_pi(s.name), s.pos); }
    void unlock(const Stmt& s) {
        if (!is_a(s.name, Variable::Kind::rwlock)) {
            SyncCode{*this}.unlock(mutex_word(s.name), is_pi(s.name), s.pos);
            return;
        }
        const std::uint64_t word = variable(s.name, Variable::Kind::rwlock);
        for (auto r = program_.held.rbegin(); r != program_.held.rend(); ++r) {
            if (r->address != word || r->end != kOpenRange) continue;
            r->end = here() + 1;   // held until the operation that gives it up has been done
            break;
        }
        SyncCode{*this}.rw_unlock(word, s.pos);
    }
    void rw_lock(const Stmt& s) {
        const std::uint64_t word = variable(s.name, Variable::Kind::rwlock);
        if (s.kind == Stmt::Kind::rdlock)
            SyncCode{*this}.read_lock(word, s.pos);
        else
            SyncCode{*this}.write_lock(word, s.pos);
        program_.held.push_back({word, here(), kOpenRange});
    }
    // Whatever a function still holds at its end is held to there.
    void close_ranges() {
        for (HeldRange& r : program_.held)
            if (r.end == kOpenRange) r.end = here();
    }
    bool trylock(const Stmt& s, std::uint8_t level) {
        const std::uint64_t word = mutex_word(s.name);
        const std::uint32_t past = SyncCode{*this}.try_lock(word, is_pi(s.name), s.pos);
        block(s.body, level);
        SyncCode{*this}.unlock(word, is_pi(s.name), s.pos);
        patch(past);
        return false;
    }
    void cond_wait(const Stmt& s) {
        SyncCode{*this}.cond_wait(variable(s.name, Variable::Kind::cond), mutex_word(s.other), is_pi(s.other),
                                  requeues(s.name), s.pos);
    }
    void signal(const Stmt& s) {
        if (is_a(s.name, Variable::Kind::cond))
            SyncCode{*this}.cond_signal(variable(s.name, Variable::Kind::cond), s.pos);
        else
            SyncCode{*this}.semaphore_post(variable(s.name, Variable::Kind::semaphore), s.pos);
    }
    void broadcast(const Stmt& s) {
        const std::uint64_t word = variable(s.name, Variable::Kind::cond);
        if (requeues(s.name))
            SyncCode{*this}.cond_requeue(word, mutex_word(mutex_of(s.name)), s.pos);
        else
            SyncCode{*this}.cond_broadcast(word, s.pos);
    }
    void barrier_wait(const Stmt& s) {
        const std::uint64_t word = variable(s.name, Variable::Kind::barrier);
        std::int64_t count = 1;
        for (const Variable& v : program_.variables)
            if (v.address == word) count = std::max<std::int64_t>(1, v.count);
        SyncCode{*this}.barrier_wait(word, static_cast<std::uint64_t>(count), s.pos);
    }
    // At the end of a file a program's `while (read(…) > 0)` is over: control leaves the innermost loop.
    void read(const Stmt& s) {
        call(nr::read, {fd_of(s.name), buffer(), bytes(s)}, s.pos);
        leave_loop_at_end(s);
    }
    void leave_loop_at_end(const Stmt& s) {
        if (!in_loop_ || pipe_named(s.name) < 0) return;
        loop_ends_.push_back(here());
        emit(Kind::if_zero, s.pos);
    }
    void close_ends(const Stmt& s) {
        const auto pipe = static_cast<std::uint32_t>(pipe_named(s.name));
        const auto holds = [&](const std::vector<std::uint32_t>& ends) {
            return std::find(ends.begin(), ends.end(), pipe) != ends.end();
        };
        if (s.count == 1 || (s.count == 3 && holds(program_.reads))) call(nr::close, {fd_of(s.name)}, s.pos);
        if (s.count == 2 || (s.count == 3 && holds(program_.writes))) call(nr::close, {write_fd_of(s.name)}, s.pos);
    }
    // The body of a loop; `if_zero` in it leads to `loop_left`.
    bool loop_body(const Stmt& s, std::uint8_t level) {
        const bool was_in_loop = std::exchange(in_loop_, true);
        loop_marks_.push_back(loop_ends_.size());
        const bool endless = block(s.body, level);
        in_loop_ = was_in_loop;
        return endless;
    }
    // Behind the loop. Returns whether anything leads here from inside.
    bool loop_left() {
        const std::size_t mark = loop_marks_.back();
        loop_marks_.pop_back();
        const bool any = loop_ends_.size() > mark;
        for (; loop_ends_.size() > mark; loop_ends_.pop_back()) patch(loop_ends_.back());
        return any;
    }
    void join_threads(const std::string& name, SourcePos pos) {
        for (const ThreadEntry& t : entries()) {
            if (!name.empty() && t.comm != name && t.label != name) continue;
            if (is_library() && &t == entries().data() && first_declared_ == 1) continue;   // the main thread
            join_word(t.tid_word, pos);
        }
    }
    void join_kernel_threads(SourcePos pos) {
        for (const ThreadEntry& t : program_.threads) join_word(t.tid_word, pos);
    }
    void join_word(std::uint64_t word, SourcePos pos) {
        const std::uint32_t check = here();
        emit(Kind::join_check, pos).data = word;
        // FUTEX_WAIT's expected value is the tid itself, which join_check leaves in RDX.
        call(nr::futex, {word, kFutexWait, 0}, pos).level = kRdxKept;
        emit(Kind::jump, pos).target = check;
        patch(check);
    }
    // sched_setscheduler(0, policy, priority), or sched_setattr with what only that can say.
    void set_scheduler(const Stmt& s) {
        constexpr std::uint64_t reset_flag = 0x4000'0000;   // SCHED_RESET_ON_FORK
        if (s.sched.runtime == 0) {
            const auto policy = static_cast<std::uint64_t>(s.sched.policy);
            call(nr::sched_setscheduler,
                 {0, policy | (s.sched.reset_on_fork ? reset_flag : 0), static_cast<std::uint64_t>(s.sched.rt_priority)},
                 s.pos);
            return;
        }
        call(nr::sched_setattr, {0, program_.attrs.size(), 0}, s.pos);
        program_.attrs.push_back(s.sched);
    }
    // --- signals. Local variables lie in the red zone, this far below RSP ---
    static constexpr std::uint64_t kSetAt = 8, kStatusAt = 16, kActionAt = 48, kInfoAt = 80;

    UserOp& long_call(std::uint16_t number, std::initializer_list<std::uint64_t> args, SourcePos pos) {
        UserOp& op = call(number, args, pos);
        op.is_long = true;
        return op;
    }
    // Returns the operation, whose value may be filled in later.
    std::uint32_t local(std::uint64_t below_rsp, std::uint64_t value, SourcePos pos) {
        const std::uint32_t at = here();
        UserOp& op = emit(Kind::store_stack, pos);
        op.data = below_rsp;
        op.arg[0] = value;
        return at;
    }
    // struct sigaction: handler, flags, restorer, mask.
    std::uint32_t set_action(const Stmt& s, std::uint64_t handler, std::uint64_t flags) {
        const std::uint32_t at = local(kActionAt, handler, s.pos);
        local(kActionAt - 8, flags, s.pos);
        const std::uint32_t restorer = local(kActionAt - 16, 0, s.pos);
        if ((flags & sa_flag::restorer) != 0) restorers_.push_back(restorer);
        local(kActionAt - 24, 0, s.pos);
        long_call(nr::rt_sigaction, {static_cast<std::uint64_t>(s.count), kActionAt, 0, 8}, s.pos).stack_args = 2;
        return at;
    }
    void handle(const Stmt& s) { handlers_.push_back({set_action(s, kSigDfl, s.cpus | sa_flag::restorer), &s}); }
    void set_mask(const Stmt& s, std::uint64_t how) {
        local(kSetAt, s.cpus, s.pos);
        long_call(nr::rt_sigprocmask, {how, kSetAt, 0, 8}, s.pos).stack_args = 2;
    }
    static std::uint8_t depth_of(const std::vector<Stmt>& body) {
        std::uint8_t most = 0;
        for (const Stmt& s : body) {
            const bool loops = s.kind == Stmt::Kind::every || (s.kind == Stmt::Kind::repeat && s.count >= 0);
            if (s.kind == Stmt::Kind::handle) continue;
            most = std::max(most, static_cast<std::uint8_t>(depth_of(s.body) + (loops ? 1 : 0)));
        }
        return most;
    }
    // The functions that `sigaction` names, and what they return to.
    void handlers() {
        if (restorers_.empty()) return;
        for (std::size_t i = 0; i < handlers_.size(); ++i) {   // a handler may install another one
            const auto [store, stmt] = handlers_[i];
            program_.ops[store].arg[0] = program_.address(here());
            start_function("on_" + signal_name(static_cast<int>(stmt->count)));
            const std::uint64_t room = depth_of(stmt->body) > 4 ? 8u * (depth_of(stmt->body) - 4u) : 0;
            emit(Kind::frame_enter, stmt->pos).data = room + 8;   // keeps RSP 16-byte aligned, as a push of RBP does
            block(stmt->body, 0);
            emit(Kind::frame_leave, stmt->pos).data = room + 8;
            emit(Kind::function_return, stmt->pos);
        }
        for (const std::uint32_t store : restorers_) program_.ops[store].arg[0] = program_.address(here());
        start_function("__restore_rt");
        call(nr::rt_sigreturn, {}, process_.pos);
    }

    void kill(const Stmt& s) {
        const auto signal = static_cast<std::uint64_t>(s.count);
        const bool thread = s.kind == Stmt::Kind::tgkill;
        if (s.kind == Stmt::Kind::kill && s.name == "all") {   // kill(-1, signal)
            long_call(nr::kill, {~std::uint64_t{0}, signal}, s.pos);
            return;
        }
        UserOp& op = thread ? long_call(nr::tgkill, {0, 0, signal}, s.pos) : long_call(nr::kill, {0, signal}, s.pos);
        op.task = s.name;
        op.pid_arg = thread ? 1 : 0;
        op.tgid_arg = thread ? 0 : -1;
        op.is_group = s.kind == Stmt::Kind::killpg;
    }
    void set_group(const Stmt& s) {
        if (s.kind == Stmt::Kind::setpgid && s.name.empty()) {
            call(nr::setpgid, {0, 0}, s.pos);
            return;
        }
        UserOp& op = s.kind == Stmt::Kind::setpgid ? long_call(nr::setpgid, {0, 0}, s.pos)
                                                   : long_call(nr::ioctl, {kTtyFd, kTiocspgrp, kSetAt}, s.pos);
        if (s.kind == Stmt::Kind::tcsetpgrp) op.stack_args = 4;
        op.task = s.name.empty() ? "self" : s.name;
        op.pid_arg = 1;
        op.is_group = true;
    }
    void wait(const Stmt& s) {
        const bool any = s.name.empty();
        UserOp& op = s.kind == Stmt::Kind::waitid
                         ? long_call(nr::waitid, {any ? kPAll : kPPid, 0, kInfoAt, s.cpus | kWexited}, s.pos)
                         : long_call(nr::wait4, {~std::uint64_t{0}, kStatusAt, s.cpus}, s.pos);
        op.stack_args = s.kind == Stmt::Kind::waitid ? 4 : 2;
        op.task = s.name;
        op.pid_arg = any ? std::int8_t{-1} : s.kind == Stmt::Kind::waitid ? std::int8_t{1} : std::int8_t{0};
    }
    void exec(const Stmt& s) {
        UserOp& op = long_call(nr::execve, {new_word("path of " + s.name, Variable::Kind::path, 1), 0, 0}, s.pos);
        for (std::size_t i = 0; i < scenario_.processes.size(); ++i)
            if (scenario_.processes[i].name == s.name) op.program = static_cast<std::uint32_t>(i);
    }
    // CLONE_VM without CLONE_VFORK: two tasks run in one address space at once, so the child needs a stack of its own.
    void clone(const Stmt& s, std::uint8_t level) {
        constexpr std::uint64_t kTids =
            clone_flag::parent_settid | clone_flag::child_settid | clone_flag::child_cleartid;
        if (s.kind == Stmt::Kind::vfork) {
            call(nr::vfork, {}, s.pos);
        } else {
            const bool is_thread = (s.cpus & clone_flag::thread) != 0;
            const std::uint64_t flags = s.cpus | (is_thread ? 0 : static_cast<std::uint64_t>(sig::chld));
            const std::uint64_t tid = (s.cpus & kTids) != 0
                                          ? new_word("tid of " + (s.name.empty() ? "a child" : s.name),
                                                     Variable::Kind::tid, 1)
                                          : 0;
            UserOp& op = long_call(nr::clone, {flags, 0, tid, tid, 0}, s.pos);
            op.new_stack = (s.cpus & clone_flag::vm) != 0 && (s.cpus & clone_flag::vfork) == 0;
        }
        const std::uint32_t branch = here();
        emit(Kind::if_child, s.pos).data = children_++;
        program_.children.push_back(s.name);
        block(s.body, level);
        // glibc's clone() ends its child with exit, a child of vfork calls _exit: exit_group.
        call(s.kind == Stmt::Kind::vfork ? nr::exit_group : nr::exit, {0}, s.pos);
        patch(branch);
    }

    void fork(const Stmt& s, std::uint8_t level) {
        call(nr::clone, {0x1200011, 0, 0}, s.pos);
        const std::uint32_t branch = here();
        emit(Kind::if_child, s.pos);
        program_.ops[branch].data = children_;
        program_.children.push_back(s.name);
        ++children_;
        const bool was_in_loop = std::exchange(in_loop_, false);   // the child does not loop on
        block(s.body, level);
        in_loop_ = was_in_loop;
        call(nr::exit_group, {0}, s.pos);
        patch(branch);
    }
    bool repeat(const Stmt& s, std::uint8_t level) {
        if (s.count < 0) {
            const std::uint32_t top = here();
            loop_body(s, level);
            emit(Kind::jump, s.pos).target = top;
            return !loop_left();
        }
        if (s.count == 0) return false;
        UserOp& start = emit(Kind::loop_start, s.pos);
        start.level = level;
        start.data = static_cast<std::uint64_t>(s.count);
        const std::uint32_t top = here();
        const bool endless = loop_body(s, static_cast<std::uint8_t>(level + 1));
        UserOp& next = emit(Kind::loop_next, s.pos);
        next.level = level;
        next.target = top;
        return !loop_left() && endless;
    }
    bool every(const Stmt& s, std::uint8_t level) {
        const std::uint32_t start = here();
        emit(Kind::every_start, s.pos).level = level;
        const std::uint32_t top = here();
        loop_body(s, static_cast<std::uint8_t>(level + 1));
        UserOp& next = emit(Kind::every_next, s.pos);
        next.level = level;
        next.time = s.time;
        UserOp& op = is_hooked() ? leave_thread(Carrier::Leave::sleep, 0, s.pos)
                                 : call(nr::clock_nanosleep, {1, kTimerAbstime, 0}, s.pos);
        op.level = kRdxKept;
        emit(Kind::jump, s.pos).target = top;
        const bool left = loop_left();
        UserOp& first = program_.ops[start];   // a round's end is known beforehand where nothing is drawn
        first.time = s.time;
        first.data = !left && s.time.kind == Dist::Kind::fixed ? 1 : 0;
        return !left;
    }

    const Scenario& scenario_;
    const ProcessDecl& process_;
    Program program_;
    std::string pending_symbol_;
    AsmNames names_, frame_;                       // shared variables; local ones of the body that is being compiled
    std::map<std::string, std::uint64_t> sizes_;   // of mapped areas, as last asked for
    const std::uint64_t data_base_, heap_base_;
    std::uint64_t next_word_ = data_base_ + 0x40;
    std::vector<std::uint32_t> starts_;   // thread_start of each thread
    std::uint32_t children_ = 0;
    std::uint32_t shared_stacks_ = 0;
    bool in_coroutine_ = false, coroutine_suspends_ = false;
    bool in_user_thread_ = false;         // of a thread library: no futex(2)
    std::size_t first_declared_ = 0;      // of Program::user_threads, behind main
    std::string thread_name_;
    std::string coroutine_name_;
    std::vector<std::uint32_t> to_the_end_;   // jumps to the end of the coroutine that is being compiled
    std::vector<std::pair<std::uint32_t, const Stmt*>> handlers_;   // the operation that stores its address
    std::vector<std::uint32_t> restorers_;                          // operations that store the restorer's
    std::vector<std::pair<std::string, std::string>> cond_mutex_;   // condition variables and what they are used with
    static constexpr std::uint32_t kOpenRange = ~std::uint32_t{0};
    bool in_loop_ = false;
    std::vector<std::uint32_t> loop_ends_;    // operations that leave their loop
    std::vector<std::size_t> loop_marks_;     // where those of each open loop begin
};

}  // namespace

const ThreadEntry* Program::thread_at(std::uint32_t op) const {
    for (const ThreadEntry& t : threads)
        if (t.op == op) return &t;
    return nullptr;
}

const Variable* Program::variable_at(std::uint64_t address) const {
    const auto after = std::upper_bound(variables.begin(), variables.end(), address,
                                        [](std::uint64_t a, const Variable& v) { return a < v.address; });
    if (after == variables.begin()) return nullptr;
    const Variable& v = *(after - 1);
    const std::uint64_t words = v.kind == Variable::Kind::shared ? static_cast<std::uint64_t>(v.count) : v.kind == Variable::Kind::rwlock ? 3 : v.kind == Variable::Kind::tid ? 1 : 2;
    return address < v.address + 8 * words ? &v : nullptr;
}

int write_end_fd(const Scenario& scenario, std::size_t pipe) {
    return kFirstFd + static_cast<int>(scenario.pipes.size() + scenario.devices.size() + pipe);
}

std::string Program::symbolize(std::uint64_t rip) const {
    std::uint32_t op = op_at(rip);
    if (op >= ops.size()) op = static_cast<std::uint32_t>(ops.size()) - 1;
    while (op > 0 && ops[op].symbol.get().empty()) --op;
    char offset[24];
    std::snprintf(offset, sizeof offset, "+0x%llx",
                  static_cast<unsigned long long>(rip - address(op)));
    return (ops[op].symbol.get().empty() ? "main" : ops[op].symbol.get()) + offset;
}

const Insn* Program::insn_at(std::uint64_t rip) const {
    const auto it = std::lower_bound(code.begin(), code.end(), rip, [](const Insn& i, std::uint64_t a) { return i.address < a; });
    return it != code.end() && it->address == rip ? &*it : nullptr;
}

const Variable* Program::shared_variable(std::string_view name) const {
    for (const Variable& v : variables)
        if (v.kind == Variable::Kind::shared && v.name == name) return &v;
    return nullptr;
}

const char* syscall_name(std::uint64_t number) {
    switch (number) {
        case nr::read: return "read";
        case nr::write: return "write";
        case nr::close: return "close";
        case nr::poll: return "poll";
        case nr::ioctl: return "ioctl";
        case nr::mmap: return "mmap";
        case nr::mprotect: return "mprotect";
        case nr::munmap: return "munmap";
        case nr::brk: return "brk";
        case nr::sched_yield: return "sched_yield";
        case nr::pause: return "pause";
        case nr::getpid: return "getpid";
        case nr::clone: return "clone";
        case nr::exit: return "exit";
        case nr::wait4: return "wait4";
        case nr::fsync: return "fsync";
        case nr::setpriority: return "setpriority";
        case nr::sched_setscheduler: return "sched_setscheduler";
        case nr::sched_setattr: return "sched_setattr";
        case nr::futex: return "futex";
        case nr::sched_setaffinity: return "sched_setaffinity";
        case nr::clock_nanosleep: return "clock_nanosleep";
        case nr::exit_group: return "exit_group";
        case nr::epoll_wait: return "epoll_wait";
        case nr::epoll_ctl: return "epoll_ctl";
        case nr::epoll_pwait2: return "epoll_pwait2";
        case nr::fcntl: return "fcntl";
        case nr::accept4: return "accept4";
        case nr::clone3: return "clone3";
        case nr::rt_sigaction: return "rt_sigaction";
        case nr::rt_sigprocmask: return "rt_sigprocmask";
        case nr::rt_sigreturn: return "rt_sigreturn";
        case nr::rt_sigsuspend: return "rt_sigsuspend";
        case nr::fork: return "fork";
        case nr::vfork: return "vfork";
        case nr::execve: return "execve";
        case nr::kill: return "kill";
        case nr::umask: return "umask";
        case nr::setpgid: return "setpgid";
        case nr::setsid: return "setsid";
        case nr::prctl: return "prctl";
        case nr::restart_syscall: return "restart_syscall";
        case nr::tgkill: return "tgkill";
        case nr::waitid: return "waitid";
        default: return "unknown";
    }
}

Program compile(const Scenario& scenario, const ProcessDecl& process) {
    // A program whose text or variables are longer than usual is compiled again with what follows moved up.
    std::uint64_t data = layout::user_data, heap = layout::user_heap;
    while (true) {
        Program p = Compiler(scenario, process, data, heap).run();
        if (p.text_end() <= data && p.heap_base == heap) return p;
        data = std::max(data, p.text_end());
        heap = p.heap_base + (data - p.data_base);
    }
}

Program compile(const Scenario& scenario, const WorkDecl& work) {
    ProcessDecl body;
    body.name = work.name;
    body.pos = work.pos;
    body.kernel_thread = true;
    body.body = work.body;
    return Compiler(scenario, body, layout::user_data, layout::user_heap).run();
}

int work_index(const Scenario& scenario, const std::string& name) {
    for (std::size_t i = 0; i < scenario.works.size(); ++i)
        if (scenario.works[i].name == name) return static_cast<int>(i);
    return -1;
}

int workqueue_index(const Scenario& scenario, const std::string& name) {
    int index = 0;
    for (const char* standard : kStandardQueues) {
        if (name == standard) return index;
        ++index;
    }
    for (const WorkqueueDecl& queue : scenario.workqueues) {
        if (queue.name == name) return index;
        ++index;
    }
    return -1;
}

Program compile_tasklet(const Scenario& scenario, const TaskletDecl& tasklet) {
    const ProcessDecl none;
    return Compiler(scenario, none, layout::user_data, layout::user_heap).run_tasklet(tasklet);
}

Program init_program() {
    Program p;
    p.comm = "init";
    p.endless = true;
    UserOp pause;
    pause.kind = Kind::system_call;
    pause.nr = nr::pause;
    pause.symbol = "main";
    p.ops.push_back(pause);
    UserOp insn;
    insn.kind = Kind::syscall;
    p.ops.push_back(insn);
    UserOp again;
    again.kind = Kind::jump;
    again.target = 0;
    p.ops.push_back(again);
    return p;
}

}  // namespace sy
