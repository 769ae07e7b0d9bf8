"""A mail server on a loopback port that keeps what it is sent; told to, it refuses."""

import email
import email.policy
import socketserver
import threading
from email.message import EmailMessage


class MailServer:
    """Takes mail by SMTP in threads; ``messages`` are those that were taken. ``refusal`` is answered to recipients."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refusal = ""
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.say("220 mail.example")
                while line := self.rfile.readline():
                    if not outer.answer(line.decode().strip(), self):
                        return

            def say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> "MailServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, line: str, connection: socketserver.StreamRequestHandler) -> bool:
        """Answer one line; tell whether there is more to come."""
        verb = line[:4].upper()
        if verb == "RCPT" and self.refusal:
            connection.say(self.refusal)
        elif verb == "DATA":
            connection.say("354 go on")
            lines = []
            while (part := connection.rfile.readline()) != b".\r\n":
                lines.append(part[1:] if part.startswith(b"..") else part)
            self.messages.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
            connection.say("250 taken")
        else:
            if verb == "RCPT":
                self.recipients.append(line.partition(":")[2].strip("<>"))
            connection.say("221 bye" if verb == "QUIT" else "250 ok")
        return verb != "QUIT"
