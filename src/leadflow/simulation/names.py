"""Made-up people and companies. Domains are reserved for examples (RFC 2606), so nobody can ever be written to."""

from dataclasses import dataclass

DOMAIN_ENDINGS = ("example", "test", "example.com", "example.net", "example.org")
PRIVATE_DOMAINS = ("example.com", "example.net", "example.org")
SITE = "www.leadflow-demo.example"

VIETNAMESE_FAMILIES = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Vũ",
    "Võ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Hồ",
    "Ngô",
    "Dương",
    "Lý",
)
VIETNAMESE_GIVEN = (
    "Lan", "Minh", "Hương", "Tuấn", "Thảo", "Dũng", "Linh", "Quang", "Mai", "Hải", "Trang", "Khoa", "Ngọc", "Phúc",
    "Yến", "Long", "Vy", "Sơn", "Nhung", "Đức", "Châu", "Bảo", "Hạnh", "Thịnh",
)  # fmt: skip
FOREIGN_FAMILIES = (
    "Okafor", "Tanaka", "Silva", "Novak", "Martin", "Kim", "Haddad", "Larsen", "Rossi", "Weber", "Santos", "Patel",
    "Dubois", "Kowalski", "Tan", "Murphy",
)  # fmt: skip
FOREIGN_GIVEN = (
    "Amara", "Kenji", "Beatriz", "Tomas", "Claire", "Jisoo", "Omar", "Ingrid", "Paolo", "Anna", "Miguel", "Priya",
    "Luc", "Zofia", "Wei", "Aoife",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Company:
    """An employer as its people describe it. `sizes`: the same size in the ways in which forms get it."""

    name: str
    domain: str
    industry: str
    sizes: tuple[int | str, ...]


COMPANIES = (
    Company("Sao Mai Logistics", "saomai.example", "logistics", (120, "51-200 employees", "51 - 200")),
    Company("Bến Tre Cacao", "bentre-cacao.example", "food", (35, "10-49", "11-50 nhân viên")),
    Company("Hạ Long Software", "halong-soft.example", "software", (260, "201-500", "200-500 employees")),
    Company("Đại Nam Steel", "dainam-steel.example", "manufacturing", (1400, "1,000+", "1.000+")),
    Company("Phố Cổ Travel", "phoco-travel.example", "travel", (8, "1-9", "under 10")),
    Company("Mekong Retail", "mekong-retail.example", "retail", (640, "501-1000", "500-999")),
    Company("An Bình Clinic", "anbinh-clinic.example", "health", (75, "50-99", "51-200")),
    Company("Cầu Vồng Education", "cauvong-edu.example", "education", (45, "10-49", "11 to 50")),
    Company("Bluefin Trading", "bluefin-trading.test", "wholesale", (22, "10-49", "11-50")),
    Company("Northlight Robotics", "northlight.test", "manufacturing", (310, "201-500", "200-500")),
    Company("Tamarind Bank", "tamarind-bank.test", "finance", (5200, "1000+", "5,000+")),
    Company("Harbour & Pine", "harbour-pine.test", "real estate", (60, "51-200", "50-99")),
)

DECISION_MAKERS = (
    "Giám đốc", "Tổng giám đốc", "Phó giám đốc", "CEO", "Founder", "CTO", "Marketing Director", "Chủ doanh nghiệp",
)  # fmt: skip
MANAGERS = ("Trưởng phòng Marketing", "Head of Sales", "Trưởng phòng kinh doanh", "Operations Manager", "IT Manager")
STAFF = ("Chuyên viên", "Software Engineer", "Accountant", "Nhân viên kinh doanh", "Marketing Executive", "Analyst")
STUDENTS = ("Sinh viên", "Student", "Thực tập sinh", "Intern")

NEEDS = (
    "Chúng tôi muốn chấm điểm khách hàng tiềm năng",
    "Too many leads, no idea whom to call first",
    "Kết nối website với CRM",
    "We want to see which campaign brings customers",
    "Cần báo giá cho 50 người dùng",
)

BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
)
PHONES = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
)
CRAWLERS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1)",
    "Mozilla/5.0 (compatible; bingbot/2.0)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0)",
)
