// GLFW and OpenGL, kept in this one file.
#include "gui/platform/window.h"

#include <glad/gl.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>
#include <imgui.h>
#include <imgui_impl_glfw.h>
#include <imgui_impl_opengl3.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace sy::gui {
namespace {

// GLFW reports errors through a plain function; the last one is what we tell the user.
std::string last_glfw_error;

void on_error(int, const char* description) { last_glfw_error = description ? description : ""; }

Text no_display() {
    return text("no window can be opened: {0}", "无法打开窗口：{0}", {last_glfw_error});
}

Text no_opengl() {
    return text("this display has no OpenGL 3.3, which the window needs ({0})",
                "这个显示器没有窗口所需的 OpenGL 3.3（{0}）", {last_glfw_error});
}

Window& window_of(GLFWwindow* handle) {
    return *static_cast<Window*>(glfwGetWindowUserPointer(handle));
}

}  // namespace

std::unique_ptr<Window> Window::open(const WindowOptions& options, Text& why) {
    glfwSetErrorCallback(on_error);
    if (!glfwInit()) {
        why = no_display();
        return nullptr;
    }
    glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
    glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
    glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE);
    glfwWindowHint(GLFW_VISIBLE, options.hidden ? GLFW_FALSE : GLFW_TRUE);
    glfwWindowHintString(GLFW_X11_CLASS_NAME, "switchyard");
    glfwWindowHintString(GLFW_X11_INSTANCE_NAME, "switchyard");

    std::unique_ptr<Window> window(new Window);
    window->hidden_ = options.hidden;
    window->handle_ =
        glfwCreateWindow(options.hidden ? 64 : options.width, options.hidden ? 64 : options.height,
                         options.title.c_str(), nullptr, nullptr);
    if (!window->handle_) {
        why = no_opengl();
        return nullptr;
    }
    glfwMakeContextCurrent(window->handle_);
    if (gladLoadGL(glfwGetProcAddress) < GLAD_MAKE_VERSION(3, 3)) {
        last_glfw_error = "version too old";
        why = no_opengl();
        return nullptr;
    }
    glfwSwapInterval(options.hidden ? 0 : 1);
    float scale_y = 1;
    glfwGetWindowContentScale(window->handle_, &window->content_scale_, &scale_y);
    if (options.hidden) {
        window->content_scale_ = 1;
        GLint largest = 0;
        glGetIntegerv(GL_MAX_RENDERBUFFER_SIZE, &largest);
        if (std::max(options.width, options.height) > largest) {
            const std::string limit = std::to_string(largest);
            why = text("the picture is larger than this display can draw ({0} pixels a side)",
                       "图片超出了这个显示器能绘制的大小（每边 {0} 像素）", {limit});
            return nullptr;
        }
        window->width_ = options.width;
        window->height_ = options.height;
        window->make_target();
    } else {
        glfwGetFramebufferSize(window->handle_, &window->width_, &window->height_);
        glfwSetWindowSizeLimits(window->handle_, 640, 480, GLFW_DONT_CARE, GLFW_DONT_CARE);
    }
    window->install_callbacks();

    IMGUI_CHECKVERSION();
    ImGui::CreateContext();
    ImGui::GetIO().IniFilename = nullptr;
    ImGui::GetIO().LogFilename = nullptr;
    ImGui_ImplGlfw_InitForOpenGL(window->handle_, true);
    ImGui_ImplOpenGL3_Init("#version 330 core");
    window->imgui_ready_ = true;
    return window;
}

Window::~Window() {
    if (imgui_ready_) {
        ImGui_ImplOpenGL3_Shutdown();
        ImGui_ImplGlfw_Shutdown();
        ImGui::DestroyContext();
    }
    if (framebuffer_) {
        glDeleteFramebuffers(1, &framebuffer_);
        glDeleteRenderbuffers(1, &color_);
    }
    if (handle_) glfwDestroyWindow(handle_);
    glfwTerminate();
}

void Window::make_target() {
    glGenRenderbuffers(1, &color_);
    glBindRenderbuffer(GL_RENDERBUFFER, color_);
    glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, width_, height_);
    glGenFramebuffers(1, &framebuffer_);
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, color_);
}

bool Window::resize(int width, int height) {
    GLint largest = 0;
    glGetIntegerv(GL_MAX_RENDERBUFFER_SIZE, &largest);
    if (!hidden_ || width <= 0 || height <= 0 || std::max(width, height) > largest) return false;
    if (width == width_ && height == height_) return true;
    width_ = width;
    height_ = height;
    glDeleteFramebuffers(1, &framebuffer_);
    glDeleteRenderbuffers(1, &color_);
    make_target();
    return true;
}

// Ours first; the ImGui backend calls them after its own when it is initialised later.
void Window::install_callbacks() {
    glfwSetWindowUserPointer(handle_, this);
    glfwSetKeyCallback(handle_, [](GLFWwindow* handle, int key, int scancode, int action,
                                   int mods) {
        Window& window = window_of(handle);
        window.dirty_ = true;
        if (action == GLFW_RELEASE) return;
        if (key >= 0) window.pressed_.push_back(key);
        const char* printed = glfwGetKeyName(key, scancode);
        const KeyPress press = from_glfw(key, mods, printed ? printed : "", action == GLFW_REPEAT);
        if (press.key != Key::none) window.keys_.push_back(press);
    });
    glfwSetDropCallback(handle_, [](GLFWwindow* handle, int count, const char** paths) {
        Window& window = window_of(handle);
        for (int i = 0; i < count; ++i) window.drops_.emplace_back(paths[i]);
        window.dirty_ = true;
    });
    glfwSetFramebufferSizeCallback(handle_, [](GLFWwindow* handle, int width, int height) {
        Window& window = window_of(handle);
        if (!window.hidden_) {
            window.width_ = width;
            window.height_ = height;
        }
        window.dirty_ = true;
    });
    glfwSetWindowContentScaleCallback(handle_, [](GLFWwindow* handle, float scale, float) {
        window_of(handle).content_scale_ = window_of(handle).hidden_ ? 1 : scale;
        window_of(handle).dirty_ = true;
    });
    glfwSetWindowRefreshCallback(handle_,
                                 [](GLFWwindow* handle) { window_of(handle).dirty_ = true; });
    glfwSetWindowFocusCallback(handle_,
                               [](GLFWwindow* handle, int) { window_of(handle).dirty_ = true; });
    glfwSetCursorPosCallback(
        handle_, [](GLFWwindow* handle, double, double) { window_of(handle).dirty_ = true; });
    glfwSetMouseButtonCallback(
        handle_, [](GLFWwindow* handle, int, int, int) { window_of(handle).dirty_ = true; });
    glfwSetScrollCallback(
        handle_, [](GLFWwindow* handle, double, double) { window_of(handle).dirty_ = true; });
    glfwSetCharCallback(handle_,
                        [](GLFWwindow* handle, unsigned) { window_of(handle).dirty_ = true; });
    glfwSetCursorEnterCallback(handle_,
                               [](GLFWwindow* handle, int) { window_of(handle).dirty_ = true; });
}

bool Window::closed() const { return glfwWindowShouldClose(handle_) != 0; }

void Window::close() { glfwSetWindowShouldClose(handle_, GLFW_TRUE); }

bool Window::wait(double seconds) {
    if (seconds < 0) {
        glfwWaitEvents();
    } else if (seconds > 0) {
        glfwWaitEventsTimeout(seconds);
    } else {
        glfwPollEvents();
    }
    return std::exchange(dirty_, false);
}

std::vector<KeyPress> Window::take_keys() { return std::exchange(keys_, {}); }

std::vector<std::string> Window::take_drops() { return std::exchange(drops_, {}); }

void Window::inject(const KeyPress& press) { keys_.push_back(press); }

void Window::begin_frame(double fixed_delta) {
    ImGui_ImplOpenGL3_NewFrame();
    ImGui_ImplGlfw_NewFrame();
    ImGuiIO& io = ImGui::GetIO();
    if (hidden_) {
        io.DisplaySize = ImVec2(static_cast<float>(width_), static_cast<float>(height_));
        io.DisplayFramebufferScale = ImVec2(1, 1);
        io.MousePos = ImVec2(-FLT_MAX, -FLT_MAX);
    }
    if (fixed_delta > 0) io.DeltaTime = static_cast<float>(fixed_delta);
    keep_short_presses();
    ImGui::NewFrame();
}

// ImGui before 1.87 looks at which keys are down once a frame: a key that went down and up between
// two frames (a slow machine, a quick finger) would be lost to its text fields. Such a key stays
// down for one frame.
void Window::keep_short_presses() {
#if IMGUI_VERSION_NUM < 18700
    ImGuiIO& io = ImGui::GetIO();
    for (int key : kept_down_)
        if (glfwGetKey(handle_, key) != GLFW_PRESS) io.KeysDown[key] = false;
    kept_down_.clear();
    for (int key : pressed_) {
        if (io.KeysDown[key]) continue;
        io.KeysDown[key] = true;
        kept_down_.push_back(key);
        dirty_ = true;  // another frame, in which it is up
    }
#endif
    pressed_.clear();
}

void Window::end_frame(std::uint32_t clear, bool keep) {
    ImGui::Render();
    if (hidden_ && !keep) return;   // nobody will see it
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
    glViewport(0, 0, width_, height_);
    const auto channel = [clear](int shift) {
        return static_cast<float>((clear >> shift) & 0xff) / 255.0F;
    };
    glClearColor(channel(0), channel(8), channel(16), 1.0F);
    glClear(GL_COLOR_BUFFER_BIT);
    ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
    // Before the swap: what a window's front buffer holds is the system's business.
    if (keep) read_picture();
    if (!hidden_) glfwSwapBuffers(handle_);
}

void Window::read_picture() {
    Picture& picture = picture_;
    picture.width = width_;
    picture.height = height_;
    const std::size_t stride = static_cast<std::size_t>(width_) * 3;
    picture.rgb.resize(stride * static_cast<std::size_t>(height_));
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glReadPixels(0, 0, width_, height_, GL_RGB, GL_UNSIGNED_BYTE, picture.rgb.data());
    // OpenGL counts rows from the bottom.
    for (int y = 0; y < height_ / 2; ++y) {
        std::swap_ranges(
            picture.rgb.begin() + static_cast<std::ptrdiff_t>(stride) * y,
            picture.rgb.begin() + static_cast<std::ptrdiff_t>(stride) * (y + 1),
            picture.rgb.begin() + static_cast<std::ptrdiff_t>(stride) * (height_ - 1 - y));
    }
}

void Window::fonts_changed() {
#if IMGUI_VERSION_NUM < 19200
    ImGui_ImplOpenGL3_DestroyFontsTexture();
    ImGui_ImplOpenGL3_CreateFontsTexture();
#endif
    dirty_ = true;
}

void Window::wake() { glfwPostEmptyEvent(); }

void Window::set_title(const std::string& title) { glfwSetWindowTitle(handle_, title.c_str()); }

std::string Window::clipboard() const {
    const char* content = glfwGetClipboardString(handle_);
    return content ? content : "";
}

}  // namespace sy::gui
