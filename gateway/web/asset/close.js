// The sign-in is over and the page that asked for it goes on by itself. A browser that keeps the window open, because
// the person opened it by hand, still shows what to do.
window.close();
